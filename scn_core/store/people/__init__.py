"""People, their roles and passwords (people), who is signed in (sessions), access tokens for scripts (tokens)."""
