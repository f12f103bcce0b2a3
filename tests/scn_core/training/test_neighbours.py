from __future__ import annotations

from statistics import median

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from scn_core.config import TrainSettings
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.relabel import Relabelling, propose
from scn_core.training.data import TrainingData
from scn_core.training.device import choose_compute
from scn_core.training.neighbours import (
    ConfidentNeighbours,
    confident_faces,
    confident_neighbours,
    other_labels,
    unit_features,
)
from scn_core.training.resident import ResidentFaces

COMPUTE = choose_compute(TrainSettings(device="cpu", precision="fp32"))
COUNT = 6


class Case:
    """N faces a network might have seen: features, what the rule says, suspicion, the labels trained on and given."""

    def __init__(self, n: int, classes: int, seed: int, *, beta: float = 0.7, size: int = 8) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.given = torch.randint(classes, (n,), generator=draw)
        logits = torch.randn(n, classes, generator=draw)
        logits[torch.arange(n), self.given] += 1.5
        self.features = normalize(torch.randn(n, size, generator=draw)).half()
        self.rule = propose(logits, torch.rand(n, generator=draw), self.given, beta=beta, margin=0.2)
        relabelled = torch.rand(n, generator=draw) < 0.5  # mode auto: some faces have risen with their new label
        self.trained = torch.where(relabelled, self.rule.predicted, self.given)
        self.suspicion = torch.randint(40, (n,), generator=draw) / 40  # some are equal
        self.confident = confident_faces(self.rule.predicted, self.trained, self.given, self.suspicion, classes)

    def found(self, count: int = COUNT) -> ConfidentNeighbours:
        return confident_neighbours(
            self.features, self.rule, self.trained, self.given, self.confident, self.asked, count=count
        )

    @property
    def asked(self) -> Tensor:
        return self.rule.low_importance | (self.suspicion > 0.9)


def confident_by_definition(case: Case) -> list[bool]:
    """Face by face."""
    faces = list(
        zip(
            case.rule.predicted.tolist(),
            case.trained.tolist(),
            case.given.tolist(),
            case.suspicion.tolist(),
            strict=True,
        )
    )
    confident = []
    for predicted, trained, measured, suspicion in faces:
        of_its_class = [s for p, t, m, s in faces if p == t == m == trained]
        confident.append(predicted == trained == measured and suspicion <= median(of_its_class))
    return confident


def by_definition(case: Case, row: int, label: int) -> list[float]:
    """Cosines of the 6 confident faces of a class nearest to a face, one face at a time."""
    features = case.features.double().numpy()
    cosines = []
    for other in range(len(features)):
        if other != row and case.confident[other] and case.trained[other] == label:
            one, two = features[row], features[other]
            cosines.append(float(one @ two / np.linalg.norm(one) / np.linalg.norm(two)))
    return sorted(cosines, reverse=True)[:COUNT]


def cosines(case: Case, row: int, neighbours: np.ndarray) -> list[float]:
    features = normalize(case.features.double())
    return [float(features[row] @ features[other]) for other in neighbours.tolist() if other >= 0]


@pytest.mark.parametrize(("n", "classes"), [(300, 5), (301, 4), (30, 9)])
def test_confident_faces_are_those_of_the_definition(n: int, classes: int) -> None:
    case = Case(n, classes, n)
    assert case.confident.tolist() == confident_by_definition(case)
    agreed = (case.rule.predicted == case.trained) & (case.trained == case.given)
    assert 0.4 < case.confident.sum() / agreed.sum() < 0.8


def test_alpha_has_no_say_in_who_is_confident() -> None:
    case = Case(400, 3, 6)
    assert (case.confident & case.rule.low_importance).any()
    assert (case.confident & ~case.rule.low_importance).any()


def test_a_face_with_a_proposal_is_not_confident_even_if_trained_on_it() -> None:
    case = Case(400, 3, 6, beta=0.3)
    proposed = case.rule.proposed >= 0
    assert (proposed & (case.trained == case.rule.proposed)).sum() > 10
    case.suspicion[proposed] = 0
    again = confident_faces(case.rule.predicted, case.trained, case.given, case.suspicion, 3)
    assert not (again & proposed).any()
    assert again.any()


def test_the_median_is_that_of_the_class_and_may_be_reached() -> None:
    """Class 0: 1, 2, 3 hundredths; 1: four equal ones, more suspicious than all of 0; 2: one alone; 3: nobody."""
    label = torch.tensor([0, 0, 0, 1, 1, 1, 1, 2])
    suspicion = torch.tensor([0.03, 0.02, 0.01, 0.5, 0.5, 0.5, 0.5, 0.9])
    assert confident_faces(label, label, label, suspicion, 4).tolist() == [False, *[True] * 7]


def test_faces_that_are_no_candidates_do_not_move_the_median() -> None:
    """Only candidates are counted: those predicted as something else, or trained on something else, are not."""
    predicted, trained = torch.tensor([0, 0, 0, 0, 1, 1]), torch.tensor([0, 0, 0, 0, 0, 0])
    measured = torch.tensor([0, 0, 1, 1, 0, 0])
    suspicion = torch.tensor([0.1, 0.2, 0.9, 0.9, 0.9, 0.9])
    assert confident_faces(predicted, trained, measured, suspicion, 2).tolist() == [True, *[False] * 5]


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_are_those_of_the_definition(seed: int) -> None:
    case = Case(300, 5, seed)
    found = case.found()
    assert found.rows.tolist() == case.asked.nonzero().squeeze(1).tolist()
    assert len(found.rows) > 90  # the low-importance group, and others
    for place, row in enumerate(found.rows.tolist()):
        probabilities = case.rule.probabilities[row].clone()
        probabilities[case.given[row]] = -1
        other = int(probabilities.argmax())
        if case.rule.proposed[row] >= 0:
            other = int(case.rule.proposed[row])
        assert found.other_label[place] == other
        for side, label in ((found.given[place], int(case.given[row])), (found.other[place], other)):
            assert np.allclose(cosines(case, row, side), by_definition(case, row, label), atol=2e-3)
            assert len(set(side.tolist())) == COUNT


def test_only_confident_faces_of_the_right_class_and_never_the_face_itself() -> None:
    case = Case(2000, 4, 7)
    found = case.found()
    confident = case.confident.numpy()
    trained = case.trained.numpy()
    assert confident[found.given].all()
    assert confident[found.other].all()
    assert (trained[found.given] == case.given.numpy()[found.rows][:, None]).all()
    assert (trained[found.other] == found.other_label[:, None]).all()
    assert (found.other_label != case.given.numpy()[found.rows]).all()
    assert not (found.given == found.rows[:, None]).any()
    assert not (found.other == found.rows[:, None]).any()
    assert confident[found.rows].any()  # so that there was something to leave out
    assert not confident.all()


def test_a_doubtful_face_is_a_neighbour_of_others_and_not_of_itself() -> None:
    """Even where all that are left are asked for, on either side."""
    case = Case(50, 3, 1, beta=0.5)
    known = [set((case.confident & (case.trained == label)).nonzero().flatten().tolist()) for label in range(3)]
    one, two = (case.confident & case.rule.low_importance).nonzero().flatten().tolist()[:2]
    case.rule.proposed[one] = case.trained[one]  # whatever rule made the proposal: its own class is on the other side
    case.given[one] = (case.trained[one] + 1) % 3
    found = case.found(count=49)
    seen = 0
    for row, other_label, given, other in zip(found.rows, found.other_label, found.given, found.other, strict=True):
        assert {*given.tolist()} - {-1} == known[case.given[row]] - {row}
        assert {*other.tolist()} - {-1} == known[other_label] - {row}
        assert (given >= 0).sum() == len(known[case.given[row]] - {row})
        seen += one in other or two in given
    assert {one, two} <= {*found.rows.tolist()}
    assert seen > 2


def test_many_faces_are_compared_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(900, 3, 2)
    whole = case.found()
    monkeypatch.setattr("scn_core.training.neighbours._QUERIES", 7)
    monkeypatch.setattr("scn_core.training.neighbours._CANDIDATES", 4)  # fewer than neighbours
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    pieces = confident_neighbours(
        case.features, case.rule, case.trained, case.given, case.confident, case.asked, count=COUNT, step=step
    )
    assert steps > 500
    for side in ("given", "other"):
        for row, one, two in zip(whole.rows, getattr(whole, side), getattr(pieces, side), strict=True):
            assert np.allclose(cosines(case, row, one), cosines(case, row, two), atol=1e-6)
            assert len(set(two.tolist())) == COUNT


def test_where_there_are_too_few_the_rest_is_minus_one() -> None:
    """Class 0 has three confident faces, one of them doubtful, class 1 none; the other doubtful face is of 1."""
    given = torch.tensor([0, 0, 0, 1])
    probabilities = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.45, 0.55]])
    low = torch.tensor([False, False, True, True])
    features = normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9]])).half()
    rule = Relabelling(
        probabilities=probabilities,
        predicted=probabilities.argmax(1),
        p_given=probabilities.gather(1, given[:, None]).squeeze(1),
        p_max=probabilities.amax(1),
        margin=torch.zeros(4),
        low_importance=low,
        proposed=torch.full((4,), -1),
    )
    confident = torch.tensor([True, True, True, False])
    found = confident_neighbours(features, rule, given, given, confident, low, count=3)
    assert found.rows.tolist() == [2, 3]
    assert found.other_label.tolist() == [1, 0]
    assert found.given.tolist() == [[0, 1, -1], [-1, -1, -1]]
    assert found.other.tolist() == [[-1, -1, -1], [1, 2, 0]]
    assert all(part.dtype == np.int64 for part in (found.rows, found.other_label, found.given, found.other))


def test_a_proposal_counts_over_the_likeliest_class() -> None:
    case = Case(40, 4, 3)
    case.rule.proposed[5] = (case.rule.probabilities[5].argsort()[0]).item()  # the least likely one
    assert other_labels(case.rule, case.given)[5] == case.rule.proposed[5]


def test_no_doubtful_face_no_neighbours() -> None:
    case = Case(20, 3, 4)
    case.rule.low_importance[:] = False
    case.suspicion[:] = 0
    found = case.found()
    assert (found.rows.shape, found.given.shape, found.other.shape) == ((0,), (0, COUNT), (0, COUNT))


def test_features_are_those_of_the_network_at_length_one(data: TrainingData) -> None:
    torch.manual_seed(0)
    model = SelfCureNetwork("resnet18", 4, image_size=32).train()
    faces = ResidentFaces(data.pixels, data.rows, data.labels, COMPUTE.device)
    batches = 0

    def step() -> None:
        nonlocal batches
        batches += 1

    features = unit_features(model, faces, COMPUTE, step)
    assert model.training
    assert (features.shape, features.dtype, batches) == ((192, 512), torch.float16, 3)
    wanted = _features(model, faces)
    assert (features.float() - wanted).abs().max() < 1e-3
    assert wanted.std() > 0.01


@torch.no_grad()
def _features(model: SelfCureNetwork, faces: ResidentFaces) -> Tensor:
    features: Tensor = model.eval()(faces.pictures(torch.arange(len(faces)))).features
    length: Tensor = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    return features / length


@pytest.mark.gpu
def test_the_gpu_finds_the_same() -> None:
    case = Case(3000, 5, 5)
    here = case.found()
    confident = case.confident
    for name in ("features", "trained", "given", "suspicion"):
        setattr(case, name, getattr(case, name).cuda())
    case.rule = Relabelling(**{name: value.cuda() for name, value in vars(case.rule).items()})
    case.confident = confident_faces(case.rule.predicted, case.trained, case.given, case.suspicion, 5)
    assert case.confident.tolist() == confident.tolist()
    there = case.found()
    assert np.array_equal(here.rows, there.rows)
    assert np.array_equal(here.other_label, there.other_label)
    for one, two in ((here.given, there.given), (here.other, there.other)):
        assert (one == two).mean() > 0.99  # the order of equal ones is free
