"""One training round, in the order in which things happen.

inputs           which faces it trains on and measures with, and their labels: fixed when it begins
lifecycle        a round is created or resumed, and its row says how it ended                    (torch)
earlier          what it does to rounds in review, said before and after
disk_space       what it needs of the disk                                                       (torch)
train            the order of the steps                                                          (torch)
distributed_worker  what the other processes of a team do meanwhile                              (torch)
score_and_propose  what its passes say of every face: suspicion, proposals, who is asked about   (torch)
opinions_used    what its record says of the opinions of other models that it was made with
network          its network: written, and loaded again                                          (torch)
from_opinions    a round made of opinions alone, without a network
training_outputs  its features, neighbours and figures, computed and written                    (torch)
features         its features, and the faces most alike by them
draw_map         a picture in which faces that look alike lie near each other
far_faces        which faces are far from all others by its features
artifacts        the files it leaves: how they are laid out, and what they say of one face
compare          two rounds side by side
compare_accuracy whether the later one recognises more of the held-out faces, with a paired interval
pack             a round trained on a machine that does not share the disk
"""
