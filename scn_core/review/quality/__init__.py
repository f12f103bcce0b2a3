"""What the answers of a round say: of its labels, of what is still to come, and of the people who gave them.

figures               all of it, as the page Quality and the command show it
advice                when to stop, in plain words
audit_estimate        how many labels are wrong, from the faces drawn at random
expected_corrections  how many labels the next reviews are likely to correct
agreement             Krippendorff's alpha over all readings, Cohen's kappa of every two people
reviewers             each reviewer: how much, how fast, how consistent
votes                 how far the people agree who labelled the data set before it came here
"""
