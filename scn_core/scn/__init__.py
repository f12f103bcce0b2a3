"""The Self-Cure Network itself, as tensors in and tensors out: no files (but weights), no database, no loop.

model.py      a torchvision backbone, a classifier and the attention head
backbones.py  cutting the classifier off any torchvision classification model
weights.py    loading weights from a file, whoever saved it
losses.py     logit-weighted cross entropy, rank regularisation, their trade-off
relabel.py    the low-importance group and the relabel rule
suspicion.py  how likely a given label is wrong, from the epochs
"""
