"""One training round: its faces, its training, its scores, the files it leaves."""
