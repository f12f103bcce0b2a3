"""Labels out, decisions in.

export            the labels that people decided, as CSV and other formats, with a manifest
import_decisions  decisions made elsewhere, and exported files that were edited
"""
