"""The workspace's database, review.db: SQLite through sqlite-utils, plain functions that take the `Database` first.

schema       tables, triggers and the list of migrations      views      what any SQLite client may read
connection   open, create, migrate, write transactions        faults     SQLite's errors in plain words
backup       a copy while others use it                       columns    rows of a query as numpy columns
samples      classes, samples, references, import problems    people     names, roles and password hashes
rounds       states, heartbeat, epochs, finishing a round     scores     scores and proposal pages
queue        what people are asked about, in which order      decisions  the log, and the effective labels
browse       pages of the queue by filter, and counts         leases     who has which item on screen
my_work      undo, redo, own decisions and pace               sessions   who is signed in
thumbs       thumbnails beside the database                   one_face   everything about one face
labels       every label with where it comes from             imports    what an import asks about its rows
outcomes     what several readings come to                    blindness  who may see whose answers
repeats      faces asked again unseen; ask_again: which       adjudication  conflicts, and how leads settled them
audit        audit faces and their strata                     readings   one answer a person and face, for agreement
figures      counts over a round for the page Quality         corrections  faces in groups, for what is to come
training_set what the next round would train on               score_columns  scores of a round in a few columns
activity     who did what                                     deciders   who has decided anything

Behind them: schema_review, schema_rounds and schema_team (what m0002 to m0004 made), answers (what a decision does to
the queue), and the queue's filter, order, items and counts in files of these names.

One connection per thread. Every write goes through `connection.transaction`.
"""
