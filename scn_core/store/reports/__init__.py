"""What pages and commands show, read only.

figures      counts over a round for the page Quality        activity   who did what
confusion    two labels of the same faces against each other
corrections  faces in groups, for corrections to come        one_face   scores of a face in every round, and its label
map_faces    what the page Explore colours the faces of a round by
marks        faces that somebody flagged or wrote a note about
monitoring   for programs that watch the server
"""
