"""Records -> plotly figures, pure.

plotly is imported where a figure is made: the first page needs none, and the import costs half a second.
"""
