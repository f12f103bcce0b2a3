"""The workspace: a folder with settings, database, pictures and rounds."""
