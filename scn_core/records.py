"""The frozen records that cross the borders between parts. No part hands another a dict."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scn_core.class_names import ClassVocabulary
from scn_core.import_balance import Problem, Spelling
from scn_core.picture_records import PICTURE_ISSUES, PictureIssue

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
PixelArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Box:
    """A face's place in its upright picture (EXIF orientation applied), in pixels, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Vote:
    """A label that somebody gave to a face before it came here."""

    label: int | None
    """None: an answer that is no class of the workspace, named in `other`."""
    annotator: str = ""
    """Who gave it; empty where the data set has counts alone."""
    other: str = ""
    count: int = 1
    """How many people; 1 where they have names."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled face as the data set gives it."""

    key: str
    """Stable name of the face: the path relative to the root, with '#n' where a picture holds several faces."""
    path: str
    """Picture file relative to the data set's root, with '/' on every system."""
    given_label: int
    """Class number the data set gives; never overwritten."""
    split: Split
    box: Box | None = None
    """The face within the picture; None: the whole picture."""
    reference_label: int | None = None
    """A label known to be better, kept apart for measuring only; never trained on, never shown."""
    votes: tuple[Vote, ...] = ()
    """Every label that people gave it, where the data set has several; the given one follows from them."""
    digest: bytes = field(default=b"", compare=False, repr=False)
    """Hash of the picture file's content as it was read; empty where it was not."""
    measures: bytes = field(default=b"", compare=False, repr=False)
    """What its pixels measure, as `PictureMeasures` packs it; empty where nobody looked."""
    numbered: bool = field(default=False, compare=False, repr=False)
    """The data set has boxes and no names for the faces of a picture: 'n' is the place among the picture's rows."""


@dataclass(frozen=True)
class Predictions:
    """What a round predicted of held-out faces, as columns ordered by sample id."""

    sample_id: IntArray
    label: IntArray
    predicted: IntArray


@dataclass(frozen=True)
class Manifest:
    """A data set as read: what there is, in a stable order, and what had to be left out."""

    dataset: str
    root: Path
    classes: ClassVocabulary
    samples: tuple[Sample, ...]
    problems: tuple[Problem, ...] = ()
    spellings: tuple[Spelling, ...] = ()
    """How the data set writes its classes."""
    address: str = ""
    """From where the pictures were fetched; empty: from nowhere, `root` is where they are."""
    notes: tuple[str, ...] = ()  # such as which columns are boxes and which are not used, a line each


@dataclass(frozen=True)
class EpochReport:
    """What one epoch of training showed; one row of table `epoch`. Epochs count from 1."""

    epoch: int
    loss: float
    wce_loss: float
    rank_loss: float
    """Logit-weighted cross entropy, and rank regularisation."""
    accuracy: float
    """Share of training faces predicted as labelled, in 0..1, on augmented faces."""
    alpha_high: float
    alpha_low: float
    """Mean importance weight of the high and of the low-importance groups."""
    alpha_mean: float
    alpha_std: float
    """Mean and deviation over the training faces, in the clean pass if there is one; near 0 alpha has collapsed."""
    margin_rank: float
    """delta1 in force."""
    val_accuracy: float | None
    relabelled: int
    """Faces trained on another label than the round began with (mode auto)."""
    faces_per_s: float
    seconds: float


Doubt = Literal["none", "mislabelled", "ambiguous"]
DOUBTS: tuple[Doubt, ...] = ("none", "mislabelled", "ambiguous")
"""In the order of their numbers. mislabelled: suspicious, and another class is clear; ambiguous: no class is clear."""


NO_ALPHA = -1.0
"""What stands for the importance weight in table `score` where a round has none."""


@dataclass(frozen=True)
class RoundScores:
    """Scores of N training samples after a round, as columns of equal length. Table `score`."""

    sample_id: IntArray
    start_label: IntArray
    """The label the round began with: the given one, or what people had decided by then."""
    alpha: FloatArray
    """Importance weight, 0..1, from the clean pass; NO_ALPHA for all in a round made from opinions, which has none."""
    p_given: FloatArray
    """Probability of `start_label`, of `probabilities`."""
    p_max: FloatArray
    """Probability of `predicted_label`, 0..1."""
    predicted_label: IntArray
    """The likeliest class."""
    margin: FloatArray
    """p_max - p_given, 0..1."""
    suspicion: FloatArray
    """How likely the given label is wrong, 0..1; orders the queue."""
    doubt: IntArray
    """Place in DOUBTS; 0 in rounds from before they were told apart."""
    low_importance: BoolArray
    """Among those of lowest alpha, 1 - beta of all; none in a round made from opinions."""
    suspicious: BoolArray
    """Asked about for its suspicion alone: outside the low-importance group, and without a proposal."""
    proposed_label: IntArray
    """The relabel proposal, or -1 where there is none."""
    second_label: IntArray
    """The likeliest class but for `start_label` and the best other one; -1: two classes, or a round from before."""
    trained_label: IntArray
    """Label of the last epoch; differs from `start_label` only where mode auto changed it."""
    probabilities: FloatArray
    """(N, C), rows summing to 1: R of docs/method.md. By default the mean of the clean passes, pooled with opinions and
    cured; the softmax of the last pass with `--proposals paper`."""


@dataclass(frozen=True)
class EffectiveLabels:
    """What the next round trains on: decisions over given labels. Columns of equal length, ordered by sample id."""

    sample_id: IntArray
    split: npt.NDArray[np.str_]
    given_label: IntArray
    label: IntArray
    excluded: BoolArray
    """By people, or taken out, or no longer in the data set: in no round."""
    settled: BoolArray
    """People agreed on a label for the face, be it the given one, and the data set has not changed its own since to a
    third one."""
    unsure: BoolArray
    """People agreed that they cannot tell; `ReviewSettings.unsure` says what training does."""


Answer = Literal["accept", "keep", "relabel", "unsure", "exclude"]
ANSWERS: tuple[Answer, ...] = ("accept", "keep", "relabel", "unsure", "exclude")
"""What closes an item of the queue."""
Mark = Literal["skip", "flag", "note"]
MARKS: tuple[Mark, ...] = ("skip", "flag", "note")
"""What a person leaves on a face without answering; no mark changes a label or closes an item."""
Action = Literal["accept", "keep", "relabel", "unsure", "exclude", "skip", "flag", "note", "undo"]
ACTIONS: tuple[Action, ...] = (*ANSWERS, *MARKS, "undo")


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's answer, mark or undo on one sample. Append-only."""

    id: str
    """UUID made by the client, so that sending it again changes nothing."""
    round: int
    sample_id: int
    person: str
    action: Action
    label: int | None = None
    """The label this answer stands for: set for accept, keep and relabel, None for the rest."""
    undoes: str | None = None
    """Id of the decision an undo takes back."""
    shown: str = "{}"
    """JSON of what the person was shown: proposal, alpha, margin, place in the page."""
    blind: bool = False
    bulk: str | None = None
    """Shared by the decisions of one bulk action."""
    milliseconds: int | None = None
    text: str | None = None
    """1 to 2,000 characters, set exactly for a note."""
    adjudicates: bool = False
    """A lead's answer that settles what reviewers answered differently; it is no reading itself. Answers alone."""


RoundState = Literal["running", "review", "closed", "failed", "cancelled"]


@dataclass(frozen=True)
class RoundInfo:
    """One row of table `round`."""

    id: int
    parent: int | None
    state: RoundState
    config: dict[str, Any]
    code_version: str
    started_at: str
    finished_at: str | None
    heartbeat_at: str | None
    message: str | None
    metrics: dict[str, Any]
    review: dict[str, Any]
    """The rules its answers are read by: `ReviewSettings` as of its end; empty before that."""

    @property
    def opinion_words(self) -> str | None:
        """Of a round made from opinions alone, what it is; None: it was trained."""
        names, out = self.config.get("made_from_opinions"), self.config.get("opinions_left_out")
        less = f" (left out, agreeing with the labels no more than by chance: {', '.join(out)})" if out else ""
        return names and f"made from opinions of {', '.join(names)}, without training: there is no alpha{less}"

    @property
    def pooled_words(self) -> str | None:
        """Of a trained round, which opinions of other models shaped its suspicion, in words; None: none did."""
        found = () if self.opinion_words else self.metrics.get("opinions") or ()
        each = ", ".join(f"{one['name']} (kappa {one['kappa']:.2f}, weight {one['weight']:.2f})" for one in found)
        return f"pooled with {'opinion' if len(found) == 1 else 'opinions'} {each}" if found else None

    @property
    def caveats(self) -> list[str]:
        """What to know before its probabilities are trusted, in words: few faces, labels learned by heart."""
        return [words for words in map(self.metrics.get, ("few_faces", "learned_by_heart")) if words]

    @property
    def missing_words(self) -> str | None:
        """What it left out for lack of pictures, in words; None: nothing."""
        count = self.metrics.get("missing_faces") or self.config.get("missing_faces") or 0
        faces = f"{count:,} face{'' if count == 1 else 's'}"
        return f"{faces} left out, as pictures were missing or damaged" if count else None


QueueKind = Literal["proposal", "low_importance", "suspicious", "audit", "repeat"]
QueueDoubt = Literal["all", "mislabelled", "ambiguous"]
QUEUE_DOUBTS: tuple[QueueDoubt, ...] = ("all", "mislabelled", "ambiguous")
QueueOpinions = Literal["all", "disagree", "agree"]
QUEUE_OPINIONS: tuple[QueueOpinions, ...] = ("all", "disagree", "agree")
"""disagree: an opinion's likeliest class is not the given label; agree: of two opinions or more all have the same
likeliest class, and it is not the given label."""
QueueState = Literal["open", "answered", "accept", "keep", "relabel", "unsure", "exclude", "skipped", "all"]
QUEUE_STATES: tuple[QueueState, ...] = ("open", "answered", *ANSWERS, "skipped", "all")
"""`answered`: any of the answers; `skipped`: open, with a live skip of the person who asks; `open`: without one. With
several readings the answers are those of the person who asks, unless the filter names another."""
QueueOrder = Literal["suspicion", "alpha", "margin", "newest"]
QUEUE_ORDERS: tuple[QueueOrder, ...] = ("suspicion", "alpha", "margin", "newest")
"""Suspicion and margin fall, alpha rises; newest: open ones by falling sample id, then the newest answer first."""
QueuePicture = Literal["all", "any", "dark", "bright", "blurred", "empty", "odd_shape", "tiny", "grey", "far"]
QUEUE_PICTURES: tuple[QueuePicture, ...] = ("all", "any", *PICTURE_ISSUES)


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which items of a round's queue, in which order."""

    state: QueueState = "open"
    given: int | None = None
    """Given label; with `proposed` a pair, alone one side of it."""
    proposed: int | None = None
    """Proposed label. An audit item matches none, answered or not: its proposal is not to be inferred."""
    unproposed: bool = False  # only faces without a proposal
    label: int | None = None
    """A class: the given or the proposed label is this one."""
    doubt: QueueDoubt = "all"
    """An audit item is doubted in no way, answered or not: so it is with its proposal."""
    alpha_from: float = 0.0
    alpha_to: float = 1.0  # multiples of 0.05, 0 to 1; the end is exclusive, but for 1
    flagged: bool = False
    """Has a live flag of anyone in this round."""
    reviewer: str | None = None  # answered by this person
    picture: QueuePicture = "all"
    """What is wrong with the picture; any: anything; all: be it good or bad."""
    order: QueueOrder = "suspicion"
    grouped: bool = False
    """By given -> proposed pair, the pair with most faces in the round first; `order` within a pair."""
    opinions: QueueOpinions = "all"
    """What other models say. An audit item matches neither, answered or not: so it is with its proposal."""
    area: str | None = None
    """A polygon on the round's map that the face lies in, "x,y_x,y_x,y"; see `store.queue.area`."""
    cell: str | None = None
    """A cell of labels against labels that the face is in, "decided,3,5"; see `store.queue.cells`."""
    faces: str | None = None  # sample ids, "12_15_19"
    noted: bool = False  # has a note of anyone in this round that the viewer may read


@dataclass(frozen=True, slots=True)
class ExactCopy:
    """A face with the same pixels as another one."""

    sample_id: int
    given_label: int
    """The label the round began with."""
    proposed_label: int | None
    decision_id: str | None
    """Of the answer that the viewer would be shown; None: the face is open to them, or not in the queue."""
    answered_by: str | None
    """Who gave that answer."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One item of the queue with all that a tile shows: one reading of one face in a round."""

    id: int
    """Number of the face in the queue of the round, for leases: the same for all readings and for repeats, so that it
    does not tell how many have read the face, or that it comes again."""
    round: int
    sample_id: int
    key: str
    path: str
    box: Box | None
    kind: QueueKind
    given_label: int
    """The label the round began with: the data set's, or what people decided in an earlier round."""
    original_label: int
    decided_round: int | None
    """The earlier round since which people have `given_label`, and the data set's label of then; None: nobody decided
    it, and the data set's label is that of now."""
    proposed_label: int | None
    predicted_label: int
    alpha: float | None
    """None: the round was made from opinions and has none."""
    margin: float
    suspicion: float
    doubt: Doubt
    second_label: int | None
    probabilities: tuple[float, ...]
    action: Answer | None
    label: int | None
    """Of the newest live answer to this item, by anyone, and the label it stands for; None: open."""
    answered_by: str | None
    answered_at: str | None
    decision_id: str | None
    flag: str | None
    skip: str | None
    """Decision ids of the viewer's own newest live flag and skip in this round."""
    flagged: bool
    """Anyone has a live flag on it in this round."""
    note: str | None
    note_by: str | None
    """The newest live note of anyone in this round."""
    lease_person: int | None
    lease_until: str | None
    withdrawn: bool
    """Taken out since the round began: nothing of its picture is shown."""
    copies: tuple[ExactCopy, ...]
    """Faces of the round with the same pixels, which an answer settles too where nobody else has answered them; none of
    an audit face or a repeat, nor are audit faces among them: they are answered one by one. While readings of the face
    are blind to each other, those are left out that others have answered as often as is asked."""
    copies_apart: int
    """How many more faces with the same pixels are asked about separately, as audit faces; 0 of these and repeats."""
    issues: tuple[PictureIssue, ...]
    """What is wrong with the picture."""
    again: bool
    """The viewer answered the face before and is asked once more; until then it looks like any open item, with the
    kind of that one and without what the viewer said."""
    audit_elsewhere: bool
    """The face is an audit face of another round in review, and waits there for an answer."""

    @property
    def blind(self) -> bool:
        """An audit item until it is answered: the estimate made from it holds only if nothing suggests the answer."""
        return self.audit_elsewhere or (self.kind == "audit" and self.action is None)
