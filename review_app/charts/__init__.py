"""Records -> plotly figures, pure.

plotly is imported where a figure is made: the first page needs none, and the import costs half a second.

rounds     a round in training, several side by side
doubt      the two kinds of doubt
face       one face
quality    a round's quality
reviewers  the people who review, side by side
base       what all figures share
"""
