"""Read-only figures for pages and commands."""
