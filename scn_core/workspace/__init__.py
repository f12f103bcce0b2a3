"""The workspace: a folder with settings, database, pictures and rounds.

folder      its parts, how it is made and opened, the lock of the trainer
toml        workspace.toml, read and written
status      where it stands
clean       removes decoded pictures that nothing uses any more
thumbnails  faces to look at: from thumbs.db, or drawn from their pictures
"""
