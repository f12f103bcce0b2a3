"""The routes of the grid and of scripts: JSON or packed bytes in and out, one file per family.

pages      /api/page, /api/tiles, /api/lease      decisions  /api/decisions, /api/history
samples    /api/sample/{id}, /face, /thumb        basics     /api/token, /health, /grid
workspace  /api/classes, /api/rounds              openapi    /openapi.json: all of these for programs
tiles      what a tile says, and may not say      pack       header and thumbnails in one response
answers    JSON Schemas of what the routes answer bodies     what they take, checked
exports    /api/export, /api/export/{name}        backups    /api/backup/{name}
readiness  /ready                                 metrics    /metrics: figures for Prometheus
webhooks   messages to hooks, for /openapi.json
"""
