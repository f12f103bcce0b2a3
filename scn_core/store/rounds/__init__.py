"""Rounds: their states, epochs and faces."""
