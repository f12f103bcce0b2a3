"""The manifest beside an exported file: what it is, from which state of the labels, and how to see that it is whole.

It holds no time and no place, so it is the same for the same revision and options as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from scn_core import __version__, made_with
from scn_core.errors import DataError
from scn_core.exchange.export.label_studio import label_studio_config
from scn_core.files import write_text
from scn_core.store.current_labels import LabelChange, LabelCounts, LabelFilter
from scn_core.store.decisions.history import HistoryEnd
from scn_core.store.schema.migrations import STEPS

Spelled = Literal["project", "dataset"]
MANIFEST = ".manifest.json"
"""What a manifest's name has more than its file's."""
_LAYOUT = 1


@dataclass(frozen=True)
class ExportManifest:
    """What an export wrote."""

    file: str
    """Name without a folder; a folder of pictures has one too."""
    sha256: str
    """Of the file, or over all that a folder holds; see `folders.folder_digest`."""
    bytes: int
    """In the file, or in those of the folder."""
    format: str
    revision: str
    """The newest round with scores, the newest decision and, if there is one, the newest change of the data set, such
    as r2-d1543-u1."""
    where: LabelFilter
    pseudonyms: bool
    classes: tuple[str, ...]
    counts: LabelCounts
    spelling: Spelled = "project"
    """Of the classes: as everywhere here, or as the data set writes them most often."""
    copies: bool = False
    """A folder of pictures holds copies, not links."""
    image_prefix: str | None = None
    """What Label Studio finds before the path of a picture; None: local files."""
    boxed: bool = False
    """Some face of the data set has a box."""
    history: HistoryEnd | None = None
    """The newest decision and its running hash; None in manifests of earlier versions."""
    without_alpha: tuple[int, ...] = ()
    """Rounds that were made from opinions of other models, without training: rows of these have no alpha."""
    data_sha256: str = ""
    """Of the data set as it is now, the same in every workspace of it; see `store.samples.data_hash`."""

    @property
    def told(self) -> dict[str, str]:
        """What the log and webhooks are told of an export into the workspace's own folder."""
        return {"format": self.format, "revision": self.revision, "file": self.file}

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, classes by name."""
        names, where = self.classes, self.where
        options = asdict(where) | {"label": None if where.label is None else names[where.label]}
        config = {"label_config": label_studio_config(names, boxed=self.boxed)} if self.format == "label-studio" else {}
        chosen = {"format": self.format, "pseudonyms": self.pseudonyms, "spelling": self.spelling}
        chosen |= {"copies": self.copies, "image_prefix": self.image_prefix}
        untrained = {"rounds_without_alpha": list(self.without_alpha)} if self.without_alpha else {}
        return {
            "layout": _LAYOUT,
            "file": self.file,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "revision": self.revision,
            "data_sha256": self.data_sha256,
            "history": None if self.history is None else self.history._asdict(),
            "options": {**chosen, **options},
            "classes": list(names),
            "boxes": self.boxed,
            **plain_counts(self.counts, names),
            **config,
            **untrained,
            "versions": {"scn_core": __version__, "schema": list(STEPS)[-1], **made_with.versions()},
        }


def plain_counts(counts: LabelCounts, names: Sequence[str]) -> dict[str, Any]:
    """Counts for JSON, classes by name."""
    return {
        "rows": counts.rows,
        "changed": counts.changed,
        "excluded": counts.excluded,
        "given_labels": {
            "version": "newest",
            "changed_since_init": counts.given_changed,
            "changed_since_decided": counts.decided_before,
        },
        "vanished": counts.vanished,
        "withdrawn": counts.withdrawn,
        "sources": dict(sorted(counts.sources.items())),
        "undecided": dict(sorted(counts.undecided.items())),
        "changes": [
            {"given": names[change.given_label], "label": names[change.label], "count": change.count}
            for change in counts.changes
        ],
    }


def manifest_file(out: Path) -> Path:
    """Where the manifest of a file lies."""
    return out.with_name(out.name + MANIFEST)


def write_manifest(path: Path, manifest: ExportManifest) -> None:
    """Whole or not at all."""
    write_text(path, json.dumps(manifest.as_dict(), indent=2, ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> ExportManifest:
    """Raises DataError for what is no manifest of this program."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = tuple(map(str, content["classes"]))
        options = dict(content["options"])
        form, pseudonyms, label = options.pop("format"), options.pop("pseudonyms"), options.pop("label")
        # Manifests of earlier versions have none of these.
        spelling, copies = options.pop("spelling", "project"), options.pop("copies", False)
        prefix, boxed = options.pop("image_prefix", None), content.get("boxes", False)
        changes = (
            LabelChange(names.index(c["given"]), names.index(c["label"]), c["count"]) for c in content["changes"]
        )
        where = LabelFilter(**options, label=None if label is None else names.index(label))
        given = content.get("given_labels", {})  # manifests of earlier versions have none, nor the counts of faces gone
        counts = LabelCounts(
            content["rows"], content["changed"], content["excluded"], content["sources"], tuple(changes),
            given.get("changed_since_init", 0), given.get("changed_since_decided", 0),
            content.get("vanished", 0), content.get("withdrawn", 0),
            content.get("undecided", {}),
        )  # fmt: skip
        end = content.get("history")
        history = None if end is None else HistoryEnd(int(end["seq"]), str(end["hash"]))
        untrained = tuple(int(number) for number in content.get("rounds_without_alpha", ()))
        data = str(content.get("data_sha256", ""))
        head = (content["file"], content["sha256"], content["bytes"], form, content["revision"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: found no manifest of an export ({error}); export the file anew") from error
    return ExportManifest(
        *head, where, pseudonyms, names, counts, spelling, copies, prefix, boxed, history, untrained, data
    )
