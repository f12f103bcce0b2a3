"""What people are asked about, in which order, and who has which face on screen."""
