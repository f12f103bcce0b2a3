"""Decisions made elsewhere: a file becomes decisions of the round in review; none where a row has a problem.

import_plan   what a file would do, and taking it, piece by piece
sheets        the files that can be read, each as rows
label_studio  what people answered there, as rows
undo_import   taking a whole import back
rows          what a row means, and what is wrong with it

Columns of a CSV file, without regard to case: path or key; action, label or both; person; note. An action without a
label stands for what it means of that face, a label without an action for whatever gives the face this label.
A file that `export` wrote is known by its columns: of such a file only the rows count whose label was changed since.

The id of a decision follows from the workspace and the row, so a row taken once is never taken again. So a long file is
written in pieces, between which others write, and an import that was interrupted is finished by the same file. The log
also keeps which import a decision came with, by the content of the file: a whole import is taken back by an undo of
each of its decisions that stands.
"""
