"""The Self-Cure Network itself, as tensors in and tensors out: no files (but weights), no database, no loop.

model       a torchvision backbone, a classifier and the attention head
backbones   cutting the classifier off any torchvision classification model
weights     loading weights from a file, whoever saved it
losses      logit-weighted cross entropy, rank regularisation, their trade-off
relabel     the low-importance group and the relabel rule
suspicion   how likely a given label is wrong, from the epochs
opinions    the network's probabilities and those of other models together
memorising  which epochs to average: those before wrong labels are learned by heart
"""
