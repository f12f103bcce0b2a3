"""The tables of review.db, one module for each migration."""
