"""Labels out, decisions in."""
