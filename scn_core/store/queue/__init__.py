"""What people are asked about after a round, in which order, and who has which face on screen.

build_queue    which faces are asked about, and their place: made once, when the round ends
draw_audit     audit faces, drawn at random, and their strata
walk           the items of a filter in the order asked for, by ranges of indexes
learned_order  the faces to ask about first, as answers have taught: tables learned_order and learned_place
filter         what a filter of the page Review means in SQL
area           faces within a polygon on the map of a round
cells          faces with two labels, each said by somebody else
counts         how many faces there are of what
undecided      what closing a round would leave undecided
pace           how much of a round one person has done, how fast, and how much is left
browse         pages of items, and single faces, with all that a tile shows
leases         who has which open item on screen; which come next for whom
draw_repeats   which faces a person is asked about once more
withdraw       faces that are taken out of it, and of all later rounds
"""
