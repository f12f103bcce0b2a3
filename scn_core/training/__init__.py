"""Running the network: data on the device, the loop over epochs, clean passes, checkpoints.

loop               the epochs of a round
objective          the loss of a batch
optimise           parameter groups, learning-rate schedule, when alpha begins to weight the logits
augment            batched augmentation, different for every face
variants           options against memorising, each off unless set
predict            the clean (un-augmented) pass
train_predictions  what the network says of each face in the step that trains on it
neighbours         confident faces that are like those the network doubts
collapse           noticing that alpha has lost its meaning
checkpoint         what a stopped round continues from
data               what a training gets, reports and results in
sums               means over an epoch's batches
check              which trainings there cannot be: asked before a round begins
device             which device, which precision, which seeds
memory  resident   where there is room for the pictures; all of them as tensors, there
distributed        several processes that train one network
graphs             a step as a CUDA graph
"""
