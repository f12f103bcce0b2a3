"""What review is worth on data with known labels: a program answers the queue, with the mistakes people make.

It claims pages, answers and retrains through the same calls as a person in the review app; only who answers is made up.

run       review and training in turn
reviewer  how a made-up reviewer answers, who knows the right labels
figures   labels before and after, round by round
"""

from scn_core.review.simulate.figures import LabelChange as LabelChange
from scn_core.review.simulate.figures import SimulatedRound as SimulatedRound
from scn_core.review.simulate.figures import Simulation as Simulation
from scn_core.review.simulate.figures import label_change as label_change
from scn_core.review.simulate.reviewer import Plan as Plan
from scn_core.review.simulate.reviewer import simulated_answer as simulated_answer
from scn_core.review.simulate.run import LEAD as LEAD
from scn_core.review.simulate.run import REVIEWER as REVIEWER
from scn_core.review.simulate.run import review as review
from scn_core.review.simulate.run import simulate as simulate
