"""Self-Cure Network trainer: importance weights and relabel proposals for doubtful face labels.

For notebooks and scripts, `import scn_core as scn`: `ws = scn.open("work/raf")`, and see `OpenWorkspace`. Importing
the package loads the errors and nothing else: SQLite and pandas come with the first workspace opened, torch with
`train`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from scn_core.errors import DataError, ScnError, TrainingError, UsageError, WeightsError, WorkspaceError

if TYPE_CHECKING:
    from scn_core.api import OpenWorkspace, init, open

__version__ = "0.2.0"

__all__ = [
    "DataError",
    "OpenWorkspace",
    "ScnError",
    "TrainingError",
    "UsageError",
    "WeightsError",
    "WorkspaceError",
    "__version__",
    "init",
    "open",
]


def __getattr__(name: str) -> Any:
    """The names of scn_core.api, when first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("scn_core.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
