"""What `scn_core.api` offers of other models: their opinions, and rounds made of these."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from scn_core import dataframes
from scn_core.arguments import opinion_files_of
from scn_core.cli.progress import Counter
from scn_core.config import TrainSettings
from scn_core.exchange.opinions.add import AddedOpinion, add_opinion
from scn_core.records import RoundInfo
from scn_core.rounds.from_opinions import make_round_from_opinions
from scn_core.store.opinions import remove_source
from scn_core.workspace.folder import Workspace


class WithOpinions:
    """A workspace, as far as opinions of other models go."""

    path: Path

    @property
    def folder(self) -> Workspace:
        """Where the parts of the workspace lie."""
        return Workspace(self.path)

    def add_opinion(self, name: str, *, progress: bool = True, **files: Any) -> AddedOpinion:
        """Bring in what another model says of the faces, under a name of its own.

        Args:
            name: what to call the other model.
            progress: draw a bar on standard error.
            **files: csv, npz, onnx or embeddings: paths; mapping={"theirs": "ours"}, logits, counts,
                partial; and of onnx
                image_size, mean, std and classes, as in docs/opinions.md.

        Raises UsageError for options that do not go together, WorkspaceError where the name is taken, DataError for
        files that are not as they should be.
        """
        with Counter("opinion", "face", hidden=not progress) as bar:
            return add_opinion(self.folder, name, opinion_files_of(files), bar.advance)

    def opinions(self) -> pd.DataFrame:
        """The models whose opinions the workspace has, oldest first; a row a model."""
        with self.folder.database(read_only=True) as db:
            return dataframes.opinions(db)

    def remove_opinion(self, name: str) -> None:
        """Take a model's opinions out; rounds that used them stay. WorkspaceError where there is none of that name."""
        with self.folder.database() as db:
            remove_source(db, name)

    def round_from_opinions(self, *, close_earlier: bool | None = None, progress: bool = True) -> RoundInfo:
        """Make a round of what other models say alone, in seconds: without training, so without alpha.

        `close_earlier`: end the review of earlier rounds; None: as in table [train] of workspace.toml.
        `progress`: say which these are, before and after, on standard error. Raises WorkspaceError where there is no
        opinion, and while a trainer is at work.
        """
        given = {} if close_earlier is None else {"close_earlier": close_earlier}
        settings = TrainSettings.merged(self.folder.settings().train, given)
        return make_round_from_opinions(
            self.folder, settings, say=lambda words: print(words, file=sys.stderr) if progress else None
        )
