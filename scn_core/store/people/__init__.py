"""People, their roles and passwords (people), and who is signed in (sessions)."""
