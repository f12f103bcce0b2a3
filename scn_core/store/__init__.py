"""The workspace's database, review.db: SQLite through sqlite-utils, plain functions that take the `Database` first.

schema       tables, triggers, views: one module for each migration, and the schema of today in current.sql
people       names, roles, passwords, sessions
decisions    the append-only log of what people said, and what follows from it: outcomes, undo, who may see what
queue        what people are asked about, in which order, and who has what on screen
rounds       their states, epochs and faces
reports      figures over many faces; everything about one
check        whether the database is as it was written; the quick check before labels leave it
projections  tables that follow from the log: checked, and made anew

connection   open, create, migrate, write transactions      sqlite_errors  SQLite's errors in plain words
backup       a copy while others use it                      columns        rows of a query as numpy columns
newest_decision  a note by which a database that lost its -wal is told
round_folder     where the files of a round lie
samples      classes, samples, references, import problems   scores         scores and proposal pages
current_labels  every label with where it comes from         thumbnail_cache  thumbnails, in a file beside review.db
seals        digests of what labels follow from            labels_by_log  labels derived anew, to compare with
pictures     what the pixels of faces measure; bad pictures, exact copies
identity     what tells a workspace from others, and from its copies
erase        names of pictures that leave the database        reindex       indexes made anew from the rows
taken_out    faces and people that an older copy would bring back
events       the log of what was done to the workspace, and by whom
hooks        messages to other programs                   hook_delivery  which of them are due, or were delivered
updates      a data set that changes after init: faces that came or went, versions of given labels
face_reading  which faces of a later reading are which of the workspace's
votes        what came with the data set: the balance of the import, the labels of several people
opinions     what other models say of the faces

Imports go down only: schema < this folder's own files < people < decisions < queue < rounds; reports, projections and
check read what is below them.

One connection per thread. Every write goes through `connection.transaction`.
"""
