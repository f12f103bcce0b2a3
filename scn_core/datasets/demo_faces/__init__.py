"""Drawn faces with doubtful labels, so that the whole loop runs without a photograph of anyone.

draw_demo writes pictures of seven emotions and their labels.csv; some labels are flipped, some faces show two emotions
at once, some pictures show no face. An `Expression` is what a face does, as continuous parameters that blend.

dataset     which face gets which label, and the files on disk
expression  what a face does: the seven emotions and the way between two of them
person      who is drawn: head, skin, hair, age, what they wear
face        one picture: a person with an expression in front of something, or no face at all
head  features  mouth    the parts of a face
scenes      what is behind a face, in front of it, or there instead of it
canvas      smooth shapes, strokes and glows on a Pillow picture
photo       light, focus, grain and compression, as of a camera
"""

from scn_core.datasets.demo_faces.dataset import draw_demo
from scn_core.datasets.demo_faces.expression import EXPRESSIONS, Expression, blend

__all__ = ["EXPRESSIONS", "Expression", "blend", "draw_demo"]
