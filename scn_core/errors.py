"""Every error this project raises on purpose.

ScnError
 ├── UsageError        a flag, an option or a combination of them is wrong      (exit code 2)
 ├── DataError         a file of a data set is missing or says something it may not
 ├── WorkspaceError    the workspace, its database or a round is not in the state the call needs
 ├── WeightsError      a weights file does not fit the backbone
 └── TrainingError     training cannot go on (no faces, loss is not a number, ...)

A message says what was got, what is allowed and what to do.
"""

from __future__ import annotations


class ScnError(Exception):
    """Base of all errors a user can meet; its text is meant to be read by one."""


class UsageError(ScnError):
    """A flag, an option or a combination of them is wrong."""


class DataError(ScnError):
    """A file of a data set is missing or says something it may not."""


class WorkspaceError(ScnError):
    """The workspace, its database or a round is not in the state the call needs."""


class WeightsError(ScnError):
    """A weights file does not fit the backbone."""


class TrainingError(ScnError):
    """Training cannot go on."""
