"""Looking at the pictures that were not looked at when they were read: those of workspaces of earlier versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from scn_core.datasets.images import check_picture
from scn_core.datasets.parallel import in_order
from scn_core.datasets.paths import leads_out
from scn_core.records import Sample
from scn_core.store.connection import transaction
from scn_core.store.pictures import derive_issues, insert_measures, not_looked_at
from scn_core.store.samples import StoredSample, iter_samples
from scn_core.workspace.folder import Workspace


def look_at_pictures(workspace: Workspace, progress: Callable[[int], None] = lambda faces: None) -> int:
    """Measures the pictures of all faces that were not measured yet, and marks all faces by the rules of this version;
    how many could not be opened.

    New workspaces have none: init and update measure what they read. `progress` is called with the number of faces
    done since it was last called. Stopped at any time, nothing is written, or all.
    """
    with workspace.database() as db:
        missing = set(not_looked_at(db).tolist())
        if not missing:
            with transaction(db):
                derive_issues(db)
            return 0
        settings = workspace.settings()
        look = partial(_look, Path(settings.root).resolve(), settings.source.get("follow_links") is True)
        wanted = (stored for stored in iter_samples(db) if stored.id in missing)
        measured = []
        for number, packed in in_order(look, wanted):
            measured.append((number, packed))
            progress(1)
        with transaction(db):
            insert_measures(db, measured)
        return sum(not packed for _, packed in measured)


def _look(root: Path, follow_links: bool, stored: StoredSample) -> tuple[int, bytes]:
    sample: Sample = stored.sample
    if not follow_links and leads_out(root, sample.path):
        return stored.id, b""
    return stored.id, check_picture(root / sample.path, sample.box).measures
