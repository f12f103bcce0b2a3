"""How well wrong labels are found: what `benchmarks.label_cleaning` is made of.

faces.py      real faces under five kinds of wrong labels
trainings.py  the trainings that all rows are read from, kept in a work folder
queue.py      the faces that a round asks about
rows.py       a ranking for every row of the table
readers.py    made-up people, and the orders they answer in
pictures.py   the curves
"""
