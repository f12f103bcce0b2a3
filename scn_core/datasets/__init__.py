"""Files on disk -> Manifest -> pixels. Nothing here imports torch."""
