"""What the answers of reviewers teach. Nothing here imports torch.

learn_order       which open faces an answer is most likely to change: they are asked about next
fit_outcomes      how far the answers are from what the scores made expect
consensus         what several fallible people and models come to: labels, and who is right how often
workspace_consensus  the consensus of a workspace, with the opinions it has
opinion_evidence  what other models say, as the learned order takes it
regression_columns  probabilities as columns that a regression learns from
quality           labels still wrong, corrections to come, agreement, reviewers
evaluate          scores and decisions against reference labels
reference_labels  better labels, known for measuring, as a list of them is read
duplicates        faces that are in the data set more than once
simulate          a program answers the queue, and rounds are trained on what it says
"""
