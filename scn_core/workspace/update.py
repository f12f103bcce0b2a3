"""A workspace whose data set is read again: faces that came, went or have another given label now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.fetching import Elsewhere
from scn_core.datasets.registry import find_dataset, read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError, WorkspaceError, error_text, listed
from scn_core.import_balance import Problem, by_most
from scn_core.store.check import require_sound_now
from scn_core.store.queue.withdraw import picture_files_of
from scn_core.store.samples import classes, withdrawn_samples
from scn_core.store.updates import WITHDRAWN, Changes, take_reading
from scn_core.workspace.fetched import brought, placed_at
from scn_core.workspace.folder import Workspace, sync_own_pictures
from scn_core.workspace.relocate import change_list, check_list, list_option
from scn_core.workspace.toml import OWN_PICTURES, PATHS, WorkspaceSettings, change_root, relative_to

_PROBLEMS_SHOWN = 10


@dataclass(frozen=True)
class Update:
    """What reading the data set again came to."""

    workspace: str
    dry_run: bool
    changes: Changes
    further: int
    """Rows that are further people's labels of faces that were read."""
    left_out: Mapping[str, int]
    """Rows and files by reason, the most first."""
    problems: tuple[Problem, ...] = field(repr=False)
    """What could not be used, and warnings; all are in table problem."""

    @property
    def seen(self) -> int:
        """Rows of the list, or files of the folder: unchanged, changed and new faces, further labels, left out."""
        found = self.changes
        return found.unchanged + found.changed.count + found.new.count + self.further + sum(self.left_out.values())

    @property
    def known(self) -> int:
        """Faces the workspace had and nobody took out: unchanged, changed and vanished."""
        return self.changes.unchanged + self.changes.changed.count + self.changes.vanished.count

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "workspace": self.workspace,
            "dry_run": self.dry_run,
            "seen": self.seen,
            "known": self.known,
            **asdict(self.changes),
            "further_labels": self.further,
            "left_out": dict(self.left_out),
            "problems": [str(problem) for problem in self.problems[:_PROBLEMS_SHOWN]],
        }

    def describe(self) -> str:
        """The balance for people: rows seen, faces known, and what they have to know of them."""
        found = self.changes
        parts = [f"{found.unchanged:,} unchanged", f"{found.new.count:,} new", f"{found.changed.count:,} changed"]
        rows = [*parts, *([f"{self.further:,} further labels of these"] if self.further else [])]
        rows += [f"{sum(self.left_out.values()):,} left out"] if self.left_out else []
        lines = [f"seen: {self.seen:,} rows and files = {' + '.join(rows)}"]
        lines.extend(f"  {count:,} {reason}" for reason, count in self.left_out.items())
        lines.append(f"known: {self.known:,} faces = {parts[0]} + {parts[2]} + {found.vanished.count:,} vanished")
        for what, faces in (("new", found.new), ("changed", found.changed), ("vanished", found.vanished)):
            if faces.count:
                lines.append(f"  {what}: {listed(faces.keys, faces.count)}")
        lines.extend(_remarks(found))
        for problem in [problem for problem in self.problems if problem.line is not None][:_PROBLEMS_SHOWN]:
            lines.append(f"    {problem}")
        if not found.any:
            lines.append("nothing is new; nothing was written")
        elif self.dry_run:
            lines.append("dry run: nothing was written")
        else:
            lines.append("all decisions are kept; new faces come with the next round")
        return "\n".join(lines)


def update(
    workspace: Workspace,
    *,
    csv: Path | str | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> Update:
    """Read the data set again, as table [source] of workspace.toml says, and take what changed into the workspace.

    `csv`: the list to read from now on, or its address, where it has another name or place; workspace.toml says so
    afterwards. Of pictures elsewhere those are fetched that are new or changed, or whose copies are missing.

    Faces that are new join the next round. A given label that changed is a new version beside the old one; an answer
    that was given before stands, as does the round in review with all its figures. Faces that the list has no more, or
    whose picture cannot be used, are marked as vanished and are in no further round; should a later reading have them,
    they are back with all that was decided. A face stays in the split it was in. `progress` hears how many more rows
    are read. Written in one transaction; stopped at any time, nothing has changed.

    Raises UsageError for `csv` of a data set without such a list; WorkspaceError while a trainer is at work, where
    noise was put into the labels at the start, and where the folder of the pictures is not there; DataError for classes
    that the workspace has not, and whatever reading raises.
    """
    now = workspace.settings()
    if csv is not None:
        check_list(workspace, csv)
        now = replace(now, source=now.source | list_option(csv))
    if now.noise:
        found = f"a workspace whose labels were changed on purpose (noise {now.noise})"
        raise WorkspaceError(error_text(str(workspace.path), found, "one without noise", "make a new one"))
    with workspace.database(read_only=True) as db:
        names = classes(db)
        out = frozenset(picture_files_of(db, withdrawn_samples(db).tolist()).free)
    said = _said(now)
    if said.root_address is None:
        workspace.pictures()  # says so where they are not there
    with brought(workspace.path, now.dataset, said, out, WITHDRAWN) as (source, elsewhere):
        source = _source(now, source, names, elsewhere)
        manifest = read_manifest(now.dataset, source, progress=progress, all_classes=False, elsewhere=elsewhere)
        manifest = placed_at(manifest, elsewhere)
    if manifest.classes.names != names.names:  # numbers would mean other classes
        raise DataError(error_text(str(manifest.root), f"classes {manifest.classes.allowed()}", names.allowed()))
    if not dry_run:
        sync_own_pictures(workspace, now.dataset, source)
    with nullcontext() if dry_run else workspace.training_lock(), workspace.database(read_only=dry_run) as db:
        require_sound_now(db)
        changes = take_reading(db, manifest, dry_run=dry_run)
        if csv is not None and not dry_run:
            change_list(workspace, csv)
        if elsewhere is not None and not dry_run and manifest.root != Path(now.root):  # a restore put copies elsewhere
            change_root(workspace.settings_file, relative_to(workspace.path, manifest.root))
    left_out: dict[str, int] = {}
    for problem in manifest.problems:
        if not problem.kept and problem.rows:
            left_out[problem.reason] = left_out.get(problem.reason, 0) + problem.rows
    if changes.withdrawn:
        left_out[WITHDRAWN] = left_out.get(WITHDRAWN, 0) + changes.withdrawn
    further = sum(max(0, sum(vote.annotator != "" for vote in s.votes) - 1) for s in manifest.samples)
    return Update(
        str(workspace.path), dry_run, changes, further, by_most(left_out), tuple(manifest.problems)
    )  # fmt: skip


def _said(now: WorkspaceSettings) -> Source:
    """Where and how init read the data set."""
    known = {field.name for field in fields(Source)}
    options = {name: value for name, value in now.source.items() if name in known}
    for name in PATHS:
        options[name] = Path(options[name]) if options.get(name) else None
    if options.get("classes") is not None:
        options["classes"] = tuple(options["classes"])
    root = Path(now.root)
    if options["unpack_to"] is not None and root.name == OWN_PICTURES:  # an older workspace.toml has it absolute
        options["unpack_to"] = root
    return Source(**(options | {"seed": now.seed}))


def _source(now: WorkspaceSettings, said: Source, names: ClassVocabulary, elsewhere: Elsewhere | None) -> Source:
    """The source as it is read now: below the folder that has the pictures, with the classes of the workspace."""
    source = said if elsewhere is not None else _below(said, now.dataset, Path(now.root))
    dataset = find_dataset(now.dataset)
    if strange := [name for name in dataset.vocabulary(source).names if names.find(name) is None]:
        raise DataError(
            error_text(
                "",
                f"class {', '.join(strange)}, which the workspace has not",
                names.allowed(),
                "correct the labels, or make a new workspace for the new classes",
            )
        )
    if "classes" in dataset.options and source.classes is None:
        source = replace(source, classes=names.names)  # a class may have lost its last face
    return source


def _below(source: Source, dataset: str, root: Path) -> Source:
    """The source with its own root where that leads to `root`, else with the one that does."""
    if source.csv is not None and not source.csv.exists() and (root / source.csv.name).is_file():
        source = replace(source, csv=root / source.csv.name)
    if source.csv is not None and not (source.csv.is_file() or source.csv.is_dir()):
        do = "say where it is with --csv"
        raise DataError(error_text(str(source.csv), "no such file", "the list of the data set", do))
    for folder in _roots(source, root):
        there = replace(source, root=folder)
        try:
            if find_dataset(dataset).root(there).resolve() == root.resolve():
                return there
        except (DataError, UsageError):
            continue
    raise DataError(
        f"found no data set {dataset} with its pictures in {root}; set root under [source] in workspace.toml"
    )


def _roots(source: Source, root: Path) -> Iterator[Path | None]:
    """Folders of the data set that may have the pictures in `root`: those said, and those around it."""
    yield source.root
    yield root
    yield from list(root.parents)[:3]


def _remarks(found: Changes) -> Iterator[str]:
    if found.answered:
        yield (
            f"  people have decided about {found.answered:,} of the changed faces; their answers stand, and their "
            "pages say which given label they saw"
        )
    for count, words in (
        (found.returned, "back again, vanished before"),
        (found.moved, "known by the picture, under another path now"),
        (found.pictures, "with another picture or box than before"),
        (found.votes, "with other labels of people than before"),
        (found.references, "with another reference label than before"),
        (found.splits, "in another split now; each stays in the one it was in"),
    ):
        if count:
            yield f"  {count:,} {words}"
