"""The append-only log of decisions and what follows from it.

record        writes decisions and says which do not fit; the history of a face; the effective labels
batches       decisions that are sent together, and what became of them
effects       what an answer, a mark or an undo does to the queue and the counts, in the same transaction
outcomes      what several readings of a face come to: waiting, conflict or decided
history       whether the log is as it was written: numbers, running hash, triggers
visibility    who may see whose answers
undo          what a person can undo and redo, their own decisions
today         how many faces people answered today
copies        the same answer for faces with the same pixels
adjudication  faces that reviewers answered differently, and how leads settled them
repeats       faces that one reviewer is asked about twice, unseen
readings      one answer a person and face, to measure agreement
imports       what an import asks about its rows
"""
