"""The grid's routes: JSON or packed bytes in and out, one file per family.

pages      /api/page, /api/tiles, /api/lease      decisions  /api/decisions, /api/history
samples    /api/sample/{id}, /face, /thumb        basics     /api/token, /health, /grid
tiles      what a tile says, and may not say      pack       header and thumbnails in one response
"""
