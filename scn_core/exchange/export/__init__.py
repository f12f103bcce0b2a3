"""Corrected labels out: a file or folder in one of several formats, and beside it a manifest that says what it is.

write         an export written whole, with its manifest; previews
row_values    what the faces of an export have in common, and a face as plain values
formats       the formats by their names, and what each cannot hold
table         csv
label_studio  tasks with predictions and annotations
arrays        npz
folders       folders of pictures
cells         text that no spreadsheet runs
manifest      hash, revision, options and counts of a file

The same revision and options give the same bytes: nothing in a file depends on when or where it was written.
"""
