"""What all routes share: error replies and strict JSON bodies."""
