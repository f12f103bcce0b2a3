"""Review and training in turn."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from scn_core.errors import DataError, WorkspaceError
from scn_core.records import Answer, Decision, EffectiveLabels, QueueFilter, RoundInfo
from scn_core.review.learn_order import learn_order
from scn_core.review.reference_labels import reference_labels
from scn_core.review.simulate.figures import SimulatedRound, Simulation, label_change, simulated_round
from scn_core.review.simulate.reviewer import Plan, simulated_answer
from scn_core.store.decisions.adjudication import conflicts
from scn_core.store.decisions.record import deciders, effective_labels, record_each
from scn_core.store.people.people import Person, ensure_person
from scn_core.store.queue.learned_order import due
from scn_core.store.queue.leases import claim_items
from scn_core.store.rounds.states import latest_finished_round, which_round
from scn_core.store.samples import classes, iter_samples
from scn_core.workspace.folder import Workspace

PAGE = 60
"""Items claimed at a time, as many as a page of the app."""
REVIEWER, LEAD = "simulated reviewer", "simulated lead"


def simulate(
    workspace: Workspace,
    plan: Plan,
    train: Callable[[], object],
    *,
    reference: Path | None = None,
    force: bool = False,
    heard: Callable[[SimulatedRound], None] = lambda done: None,
) -> Simulation:
    """Reviews and trains in turn, beginning with the round in review or, where there is none, with training one.

    Args:
        workspace: changed as people would change it: give a copy.
        plan: how much is answered, and how well.
        train: trains a round and leaves it in review.
        reference: CSV of path,label that the reviewers know; without it the references that `init` kept.
        force: answer beside real people, whose answers are in the log already.
        heard: gets every round when its review, or its measuring, is done.

    Raises WorkspaceError where real people have decided and `force` is not set; DataError where no training face has a
    reference label.
    """
    with workspace.database() as db:
        if not force:
            _refuse_real_people(db, workspace)
        truth = reference_labels(db, reference, Path(workspace.settings().root))
        start = effective_labels(db)
        _check_known(db, start, truth, reference)
        newest = latest_finished_round(db)
    if newest is None or newest.state != "review":
        train()
    done: list[SimulatedRound] = []
    answered: set[int] = set()
    for _ in range(plan.rounds):
        with workspace.database() as db:
            review = _Review(db, which_round(db, None, "review"), plan, truth)
            done.append(review.run())
        answered |= review.answered
        heard(done[-1])
        train()
    with workspace.database() as db:
        end = effective_labels(db)
        done.append(simulated_round(which_round(db, None, "review"), Counter(), set(), end, end, truth))
    heard(done[-1])
    total = label_change(start, end, truth, answered)
    return Simulation(plan, done, total, sum(each.answers for each in done))


def review(db: Database, plan: Plan) -> SimulatedRound:
    """The review of the round that is in review, by reviewers who know the references that `init` kept; trains nothing.

    Raises WorkspaceError where no round is in review or no reference was kept.
    """
    return _Review(db, which_round(db, None, "review"), plan, reference_labels(db)).run()


class _Review:
    """The review of one round."""

    def __init__(self, db: Database, info: RoundInfo, plan: Plan, truth: Mapping[int, int]) -> None:
        self.db, self.info, self.plan, self.truth = db, info, plan, truth
        self.readings = int(info.review.get("readings", 1))
        self.classes = len(classes(db))
        self.actions: Counter[str] = Counter()
        self.answered: set[int] = set()

    def run(self) -> SimulatedRound:
        """Every reviewer answers as many faces as the budget says, or as there are; a lead settles the conflicts."""
        before = effective_labels(self.db)
        budget = self.plan.faces(int(((before.split == "train") & ~before.excluded).sum()))
        for reviewer in range(self.readings):
            name = REVIEWER if reviewer == 0 else f"{REVIEWER} {reviewer + 1}"
            self._read(reviewer, ensure_person(self.db, name), budget)
        self._settle()
        after = effective_labels(self.db)
        return simulated_round(self.info, self.actions, self.answered, before, after, self.truth)

    def _read(self, reviewer: int, person: Person, budget: int) -> None:
        times: Counter[int] = Counter()
        where = QueueFilter(order=self.plan.order)
        while len(times) < budget:
            limit = min(PAGE, budget - len(times))
            page = claim_items(self.db, self.info.id, person.id, where, limit=limit).items
            if not page:
                break
            answers = []
            for item in page:
                shown = None if item.blind else item.proposed_label
                answer = self._answer(reviewer, item.sample_id, item.given_label, shown, times[item.sample_id])
                times[item.sample_id] += 1
                name = f"{self.plan.seed} {self.info.id} {person.id} item {item.id} {times[item.sample_id]}"
                answers.append(self._decision(name, item.sample_id, person, answer, blind=item.blind))
            self._record(answers)
            if due(self.db, self.info.id):
                learn_order(self.db, self.info.id, votes=False)  # reference labels may come from them
        self.answered |= times.keys()

    def _settle(self) -> None:
        """A lead, who errs as the reviewers do, settles what they answered differently."""
        while disputed := conflicts(self.db, self.info.id, limit=PAGE):
            lead = ensure_person(self.db, LEAD, "lead")
            answers = []
            for face in disputed:
                shown = None if face.audit else face.proposed_label
                answer = self._answer(self.readings, face.sample_id, face.given_label, shown, 0)
                name = f"{self.plan.seed} {self.info.id} {lead.id} conflict {face.sample_id} {face.outcome.seq}"
                decision = self._decision(name, face.sample_id, lead, answer, blind=face.audit)
                answers.append(replace(decision, adjudicates=True))
            self._record(answers)

    def _answer(self, reviewer: int, face: int, given: int, shown: int | None, time: int) -> tuple[Answer, int | None]:
        # By face, not by place in the queue: the same face meets the same luck in every order and with every budget.
        rng = np.random.default_rng((self.plan.seed, self.info.id, reviewer, face, time))
        truth = self.truth.get(face)
        return simulated_answer(self.plan, given=given, shown=shown, truth=truth, classes=self.classes, rng=rng)

    def _decision(
        self, name: str, sample_id: int, person: Person, answer: tuple[Answer, int | None], *, blind: bool
    ) -> Decision:
        return Decision(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"simulate {name}")),
            round=self.info.id,
            sample_id=sample_id,
            person=person.name,
            action=answer[0],
            label=answer[1],
            shown='{"simulated": true}',
            blind=blind,
        )

    def _record(self, decisions: Sequence[Decision]) -> None:
        refused = record_each(self.db, decisions)
        if refused:
            raise WorkspaceError(f"round {self.info.id}: found an answer that is refused: {refused[0].error}")
        self.actions.update(each.action for each in decisions)


def _refuse_real_people(db: Database, workspace: Workspace) -> None:
    real = [name for name in deciders(db) if not name.startswith((REVIEWER, LEAD))]
    if real:
        raise WorkspaceError(
            f"{workspace.path}: found decisions of {', '.join(real[:3])}; made-up answers would change what "
            "is trained on and exported; simulate in a copy of the folder, with --force, or in a new workspace"
        )


def _check_known(db: Database, start: EffectiveLabels, truth: Mapping[int, int], reference: Path | None) -> None:
    if not (np.isin(start.sample_id, list(truth)) & (start.split == "train") & ~start.excluded).any():
        some = next(iter_samples(db)).sample.key
        source = "the kept references" if reference is None else reference
        raise DataError(f"{source}: no path names a training face; allowed: keys of the workspace, such as {some}")
