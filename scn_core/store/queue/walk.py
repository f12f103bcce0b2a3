"""The items of a filter in the order asked for, drawn lazily from exact ranges of indexes.

A range that holds what is asked for in order is walked; several of them (pairs, answers) are merged; a small set is
read whole and sorted. So a page costs the same at any place of a queue of a million.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Literal, NamedTuple

from sqlite_utils import Database

from scn_core.records import QueueFilter, QueueOrder
from scn_core.store.decisions.visibility import has_several_readings
from scn_core.store.queue import filter as filters
from scn_core.store.queue.filter import Pair
from scn_core.store.schema.expressions import BINS

Holder = Literal["anyone", "mine or nobody"]
Part = Literal["open", "done"]


class Place(NamedTuple):
    """Where an item lies in an order. Comparing two of them says which comes first."""

    group: int
    """Rank of its pair, where grouped."""
    section: int
    """Order newest: 0 answered, 1 open."""
    key: float
    id: int


class Found(NamedTuple):
    """An item under the filter, in its place."""

    place: Place
    sample_id: int


class _Order(NamedTuple):
    """One order in SQL."""

    column: str
    falls: bool

    @property
    def key(self) -> str:
        """Rises in this order."""
        return f"-{self.column}" if self.falls else self.column

    @property
    def by(self) -> str:
        return "q.id" if self.column == "0" else f"{self.column} {'DESC' if self.falls else 'ASC'}, q.id"

    @property
    def after(self) -> str:
        """What comes after :key and :id; the first half alone is a range of an index."""
        if self.column == "0":
            return "q.id > :id"
        sign, value = ("<", "-:key") if self.falls else (">", ":key")
        return f"{self.column} {sign}= {value} AND ({self.column} {sign} {value} OR q.id > :id)"


def _order(order: QueueOrder, part: Part) -> _Order:
    newest = _Order("q.sample_id" if part == "open" else "q.answered_seq", falls=True)
    plain = {"suspicion": _Order("0", falls=False), "alpha": _Order("q.alpha", falls=False)}
    return {**plain, "margin": _Order("q.margin", falls=True), "newest": newest}[order]


_START = Place(-1, -1, 0, 0)


class Walk:
    """One filter in its order, from a place on."""

    def __init__(
        self, db: Database, round_id: int, viewer_id: int, where: QueueFilter, *, holder: Holder = "anyone"
    ) -> None:
        self.db, self.round_id, self.where, self.holder = db, round_id, where, holder
        self.values: dict[str, float | str | None] = {**filters.parameters(db, round_id, viewer_id, where)}
        self._several = has_several_readings(db, round_id)
        self.common = filters.conditions(where, several=self._several)
        if self._several:
            self.common += f" AND {filters.FOR_VIEWER}"
        if holder == "mine or nobody":
            self.common += f" AND NOT {filters.ELSEWHERE}" if self._several else ""
        self.by_label = where.unproposed or any(x is not None for x in (where.given, where.proposed, where.label))
        self._alpha = filters.alpha_bins(where) != (0, BINS)
        self._doubt = where.doubt != "all"

    def faces(self, after: Place | None = None) -> Iterator[Found]:
        """What lies after `after`, or everything: of several readings of a face the first one alone."""
        after = after or _START
        for group, pair in enumerate(self.groups()):
            if group >= after.group:
                yield from (
                    found
                    for found in self.group(group, pair, after)
                    if not self._several or found.place == next(self.group(group, pair, face=found.sample_id)).place
                )

    def groups(self) -> list[Pair] | list[None]:
        """The pairs in their order where grouped, else one group of all."""
        return filters.pairs_of(self.db, self.round_id, self.where) if self.where.grouped else [None]

    def group(
        self, group: int, pair: Pair | None, after: Place = _START, *, face: int | None = None
    ) -> Iterator[Found]:
        """The items after `after` in one of `groups`, by its rank; with `face` those of this sample id alone."""
        newest_of_all = self.where.order == "newest" and self.where.state == "all"
        sections: list[tuple[Part, ...]] = [("done",), ("open",)] if newest_of_all else [("done", "open")]
        for section, parts in enumerate(sections):
            if (group, section) < after[:2]:
                continue
            inside = (group, section) == after[:2]
            values = {**self.values, "key": after.key, "id": after.id, "face": face}
            ranges = [cursor for part in parts for cursor in self._ranges(part, pair, values, inside=inside)]
            for key, number, sample_id in heapq.merge(*ranges):
                yield Found(Place(group, section, key, number), sample_id)

    def _ranges(
        self, part: Part, pair: Pair | None, values: dict[str, float | str | None], *, inside: bool
    ) -> list[Iterator[tuple[float, int, int]]]:
        order = _order(self.where.order, part)
        found: list[Iterator[tuple[float, int, int]]] = []
        sources = self._sources(part, pair) if values["face"] is None else self._of_face(part)
        for index, extra in sources:
            conditions = [self.common, extra, order.after if inside else "1", pair.sql if pair else "1"]
            sql = f"SELECT {order.key}, q.id, q.sample_id FROM {index} WHERE {' AND '.join(conditions)}"
            found.append(iter(self.db.execute(f"{sql} ORDER BY {order.by}", values)))
        return found

    def _sources(self, part: Part, pair: Pair | None) -> list[tuple[str, str]]:
        """(FROM, condition) of each range of this part."""
        if part == "done":
            return self._done(pair) if filters.actions(self.where) else []
        if not filters.asks_open(self.where):
            return []
        held = "q.action IS NULL"
        if self.holder == "mine or nobody":
            held += " AND (q.lease_person IS NULL OR q.lease_person = :viewer)"
        if marked := self._marked():
            return [(marked, held)]
        return self._open(pair, held)

    def _of_face(self, part: Part) -> list[tuple[str, str]]:
        """(FROM, condition) of the readings of face :face."""
        asked = filters.asks_open(self.where) if part == "open" else bool(filters.actions(self.where))
        answers = ", ".join(f"'{each}'" for each in filters.actions(self.where))
        among = "q.action IS NULL" if part == "open" else f"q.action IN ({answers})"
        return [(_by("queue_reading"), f"q.sample_id = :face AND {among}")] if asked else []

    def _marked(self) -> str | None:
        """Marks, bad pictures, small areas, cells and lists are few: they lead to the items, not the reverse."""
        if (marked := filters.marked(self.where)) is not None:
            return marked
        if self.where.picture != "all":
            return filters.BAD_PICTURES if filters.few_bad_pictures(self.db, self.where) else None
        return filters.ITEMS_OF_FACES if self._few_faces() else None

    def _few_faces(self) -> bool:
        """Of many a walk through all faces in their order soon finds some."""
        faces = self.values["faces"]
        return isinstance(faces, str) and faces.count(",") < filters.SMALL

    def _open(self, pair: Pair | None, held: str) -> list[tuple[str, str]]:
        order = self.where.order
        whole = pair is None and not self.by_label and not self._doubt
        if whole and not self._alpha and order in ("suspicion", "newest"):
            return self._all_open(held)
        pairs = [pair] if pair else filters.pairs_of(self.db, self.round_id, self.where)
        pairs = [each for each in pairs if each.open]
        small = sum(each.open for each in pairs) <= filters.SMALL
        if not small and (order == "newest" or (whole and order == "suspicion")):
            return self._all_open(held)
        index = {"alpha": "queue_open_alpha", "margin": "queue_open_margin"}.get(order, "queue_open_pair")
        index = "queue_open_alpha" if small and self._alpha else index
        index = index.replace("open", "doubt") if self._doubt else index
        return [(_by(index), f"{held} AND {each.sql}") for each in pairs]

    def _all_open(self, held: str) -> list[tuple[str, str]]:
        if self.where.order == "newest":
            return [(_by("queue_reading"), held)]
        index, owner = ("queue_lease_person", "q.lease_person = :viewer")
        if self.holder == "anyone":
            index, owner = ("queue_leased", "q.lease_person IS NOT NULL")
        free = "q.action IS NULL AND q.lease_person IS NULL"
        return [(_by("queue_free"), free), (_by(index), f"q.action IS NULL AND {owner}")]

    def _done(self, pair: Pair | None) -> list[tuple[str, str]]:
        actions = filters.actions(self.where)
        among = "q.action IS NOT NULL" + ("" if len(actions) > 1 else f" AND q.action = '{actions[0]}'")
        if self.where.state != "skipped" and (marked := self._marked()):
            return [(marked, among)]
        if self.where.reviewer is not None and (self.where.order == "newest" or self._few_of_reviewer()):
            return [(_by("queue_done_person"), among)]
        if pair is not None or self.by_label or self._doubt:
            pairs = [pair] if pair else filters.pairs_of(self.db, self.round_id, self.where)
            exact = self._doubt and self.where.order == "suspicion"
            if exact or sum(each.answered for each in pairs) <= filters.SMALL:
                return [(_by("queue_done_pair"), f"{among} AND {each.sql}") for each in pairs if each.answered]
        suffix = "" if self.where.order == "suspicion" else f"_{self.where.order}"
        return [(_by(f"queue_done{suffix}"), f"q.action IS NOT NULL AND q.action = '{action}'") for action in actions]

    def _few_of_reviewer(self) -> bool:
        rows = f"{_by('queue_done_person')} WHERE {self.common} AND q.action IS NOT NULL"
        return filters.are_few(self.db, rows, self.values)


def _by(index: str) -> str:
    return f"queue_item q INDEXED BY {index}"
