"""Drawn faces with doubtful labels, so that the whole loop runs without a photograph of anyone.

draw_demo writes pictures of seven emotions and their labels.csv; some labels are flipped, some faces show two emotions
at once, some pictures show no face. An `Expression` is what a face does, as continuous parameters that blend.
"""

from scn_core.datasets.demo_faces.dataset import draw_demo
from scn_core.datasets.demo_faces.expression import EXPRESSIONS, Expression, blend

__all__ = ["EXPRESSIONS", "Expression", "blend", "draw_demo"]
