"""People, their roles and passwords, and who is signed in."""
