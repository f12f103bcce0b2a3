"""`python -m scn_core check`: whether a workspace is as it was written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.cli.progress import Counter
from scn_core.errors import DataError, UsageError, WorkspaceError, error_text
from scn_core.exchange.export.manifest import read_manifest
from scn_core.store.decisions.history import HistoryEnd
from scn_core.workspace.check import CHECKS, Checked, check_workspace, quick_check, repair
from scn_core.workspace.folder import Workspace

_SHOWN = 5
"""Findings of a check that are printed; --json has 100."""


@click.command("check")
@WORKSPACE
@click.option("--repair", "repairing", is_flag=True, help="Make indexes and derived tables anew, and check again.")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="Manifest of an export: are the decisions it was made from still the first ones?",
)
@click.option(
    "--quick", is_flag=True, help="Only what labels follow from, as each export and round does before it begins."
)
@JSON
def check_command(workspace: Path, repairing: bool, manifest: Path | None, quick: bool, as_json: bool) -> None:
    """Check the database, the log of decisions, what is derived from it, and files of rounds: a line each.

    Exit code 0 where all is well, 1 where something is wrong. Nothing is written without --repair.
    """
    place = Workspace(workspace)
    if quick:
        if repairing or manifest is not None:
            raise UsageError(error_text("--quick", "it beside --repair or --manifest", "it alone", "leave one out"))
        _quick(place, as_json=as_json)
        return
    end = None if manifest is None else _history_in(manifest)
    try:
        checks = _made(place, end, quiet=as_json)
    except WorkspaceError:
        if not repairing:
            raise
        checks = []  # it cannot even be opened, which damaged indexes may be the cause of
    done = []
    if repairing:
        done = [] if checks and all(check.ok for check in checks if check.name != "owner") else repair(place)
        if not as_json:
            click.echo("\n".join(f"repaired: {line}" for line in done) or "nothing to repair")
        checks = _made(place, end, quiet=as_json) if done else checks
    if as_json:
        click.echo(_json(place, checks, done))
    if not all(check.ok for check in checks):
        sys.exit(1)


def _quick(workspace: Workspace, *, as_json: bool) -> None:
    if not as_json:
        click.echo(_describe(quick_check(workspace)))
        return
    try:
        checked = quick_check(workspace)
    except WorkspaceError as error:
        checked = Checked("quick", "", (str(error),), 1)
    click.echo(_json(workspace, [checked], []))
    if not checked.ok:
        sys.exit(1)


def _json(workspace: Workspace, checks: list[Checked], repaired: list[str]) -> str:
    ok, found = all(check.ok for check in checks), [check.as_dict() for check in checks]
    return json.dumps({"workspace": str(workspace.path), "ok": ok, "checks": found, "repaired": repaired})


def _made(workspace: Workspace, end: HistoryEnd | None, *, quiet: bool) -> list[Checked]:
    checks = []
    with Counter("checking", "check", len(CHECKS) + (end is not None)) as bar:
        for check in check_workspace(workspace, export_made_from=end):
            bar.advance(1)
            checks.append(check)
            if not quiet:
                click.echo(_describe(check))
    return checks


def _describe(check: Checked) -> str:
    said = "ok" if check.ok else f"{check.count:,} wrong"
    lines = [f"{check.name:<12} {said}: {check.looked_at}", *(f"  {line}" for line in check.found[:_SHOWN])]
    if check.count > _SHOWN:
        lines.append(f"  and {check.count - _SHOWN:,} more")
    return "\n".join(lines)


def _history_in(manifest: Path) -> HistoryEnd:
    end = read_manifest(manifest).history
    if end is None:
        found = "a manifest of a version that kept no hash of the decisions"
        raise DataError(error_text(str(manifest), found, "one that a later version wrote"))
    return end
