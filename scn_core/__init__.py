"""Self-Cure Network trainer: importance weights and relabel proposals for doubtful face labels."""

__version__ = "0.2.0"
