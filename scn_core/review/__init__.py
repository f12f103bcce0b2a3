"""What the answers of reviewers teach. Nothing here imports torch.

learn_order       which open faces an answer is most likely to change: they are asked about next
quality           labels still wrong, corrections to come, agreement, reviewers
evaluate          scores and decisions against reference labels
reference_labels  better labels, known for measuring, as a list of them is read
simulate          a program answers the queue, and rounds are trained on what it says
"""
