"""Running the network: data on the device, the loop over epochs, clean passes, checkpoints.

device.py      which device, which precision, which seeds
data.py        what a training is given, what it says, what comes of it
memory.py      where there is room for the pictures
resident.py    all pictures and labels as tensors on the device, or as near as they fit
distributed.py several processes that train one network
graphs.py      a step as a CUDA graph
augment.py     batched augmentation, different for every face
optimise.py    parameter groups, learning-rate schedule, when alpha begins to weight the logits
loop.py        the epochs of a round
predict.py     the clean (un-augmented) pass
collapse.py    noticing that alpha has lost its meaning
checkpoint.py  what a stopped round continues from
"""
