"""The schema of review.db.

migrations   the list of them; m0001_..., m0002_..., ... one module for each
expressions  SQL that migrations and queries share
differences  triggers, views and indexes that are not those of the migrations
running_hash  the hash that each decision carries
current.sql  the schema that all migrations lead to, written by a test: read this first

What any SQLite client may read, with class names as text beside the numbers, are the views:

live_decision    answers that no undo takes back; an undo that is itself undone takes nothing back
live_mark        the same of skips, flags and notes
effective_label  one row per sample: the label people decided on, else the given one, and the decision it comes from
proposal         every relabel proposal of every round
open_proposals   proposals of rounds in review that people have not decided about in that round
low_importance   the low-importance group of every round
suspicious       faces outside of it that are asked about for their suspicion alone
"""
