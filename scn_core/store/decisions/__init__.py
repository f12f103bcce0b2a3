"""The append-only log of decisions and what follows from it."""
