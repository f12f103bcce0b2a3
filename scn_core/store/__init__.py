"""The workspace's database, review.db: SQLite through sqlite-utils, plain functions that take the `Database` first.

schema       tables, triggers and the list of migrations      views      what any SQLite client may read
connection   open, create, migrate, write transactions        faults     SQLite's errors in plain words
backup       a copy while others use it                       columns    rows of a query as numpy columns
samples      classes, samples, references, import problems    people     names and roles
rounds       states, heartbeat, epochs, finishing a round     scores     scores and proposal pages
queue        what people are asked about, in which order      decisions  the log, and the effective labels

One connection per thread. Every write goes through `connection.transaction`.
"""
