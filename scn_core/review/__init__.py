"""What the reviewers' answers teach: learned order, quality figures, evaluation, simulation."""
