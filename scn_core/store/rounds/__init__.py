"""Rounds: their states and epochs (states), the faces of one (faces), what the next would train on (training_set)."""
