"""The order of the queue is learned anew while people review, and maps of the faces are drawn; see `keeper`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlite_utils import Database

from review_app.database import call
from review_app.keeper import Keeper
from scn_core.rounds.draw_map import far_noted, newest_with_features
from scn_core.store.current_labels import Revision, revision
from scn_core.store.queue.area import MAP_FILE
from scn_core.store.queue.learned_order import due
from scn_core.store.rounds.states import round_to_answer
from scn_core.workspace.folder import Workspace


class _Asked(NamedTuple):
    """What the database said."""

    revision: Revision
    round: int | None
    """Whose order is to be learned; None: none is, or nothing was decided since it was asked last."""


class OrderKeeper(Keeper):
    """Has the order of the round in review learned anew, each time that something new was decided."""

    name, what = "order", "the order of the queue was not learned anew"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._seen: Revision | None = None

    def due(self) -> Sequence[str] | None:
        """`order`, where enough was decided."""
        asked = call(_ask, self._seen)
        self._seen = asked.revision
        return None if asked.round is None else ["order", str(self._workspace.path), "--round", str(asked.round)]


class MapKeeper(Keeper):
    """Has the map of the newest round that kept features drawn, once for each round."""

    name, what = "map", "the map was not drawn"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._tried = 0

    def due(self) -> Sequence[str] | None:
        """`map`, where a round has ended, kept features and has no map, or one from before far faces were marked."""
        newest = call(partial(newest_with_features, self._workspace))
        if newest is None or newest <= self._tried:
            return None
        self._tried = newest
        if not (self._workspace.round_folder(newest) / MAP_FILE).exists():
            return ["map", str(self._workspace.path), "--round", str(newest)]
        return None if far_noted(self._workspace, newest) else ["map", str(self._workspace.path), "--only-far"]


def _ask(db: Database, seen: Revision | None) -> _Asked:
    now = revision(db)
    asked = round_to_answer(db) if now != seen else None
    return _Asked(now, asked.id if asked is not None and due(db, asked.id) else None)
