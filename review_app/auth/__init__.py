"""Who may come in: the guard before every request, signing in, sessions, tokens and accounts."""
