"""Rounds: their states and epochs (states), the faces of one (faces), hashes of its files (files), what the next would
train on (training_set), which of several in review people answer, and when one came out worse (better_round)."""
