"""The workspace: a folder with settings, database, pictures and rounds.

folder      its parts, how it is made and opened, the lock of the trainer
served      whether a server of it runs
backup/     backups, and the way back
moves       many files replaced as one
toml        workspace.toml, read and written
access      who on this machine may read its databases
status      where it stands
fetched     copies of pictures and lists elsewhere, and how a data set is read from them
update      the data set read again: faces that came, went or have another given label
relocate    pictures that were moved
withdraw    faces taken out for good
remains     files that may still hold what was erased
check       whether all of it is as it was written; what can be repaired
clean       removes decoded pictures and copies that nothing uses any more
pictures    pictures measured that were not when they were read
thumbnails  faces to look at: from thumbs.db, or drawn from their pictures
"""
