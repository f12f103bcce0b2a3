"""What pages and commands show, read only.

figures      counts over a round for the page Quality        activity   who did what
corrections  faces in groups, for corrections to come        one_face   scores of a face in every round, and its label
"""
