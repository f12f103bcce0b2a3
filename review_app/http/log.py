"""What the server says while it runs: text for people, or one JSON object a line (`serve --log-format json`)."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, get_args

import click

from scn_core.errors import ScnError

LogFormat = Literal["text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)

FIELDS = "review_fields"
"""Under this name a record may carry fields of its own, for `extra`."""

_LOG = logging.getLogger("review_app")
_format: LogFormat = "text"
_stamped = False
"""Whether lines for people begin with the time: once a server runs, unless the journal notes it."""


def say(event: str, text: str, *, level: int = logging.INFO, err: bool = True) -> None:
    """Tell whoever runs the server: `text` for people, on standard error if `err`; `event` is for programs."""
    if _format == "text":
        click.echo(f"{_stamp()}{text}" if err else text, err=err)
    else:
        _LOG.log(level, "%s", text, extra={FIELDS: {"event": event}})


def words_of(error: Exception) -> str:
    """What is said of an error that a thread goes on after: more of one that is a defect."""
    return str(error) if isinstance(error, ScnError | OSError) else repr(error)


class ThreadLog:
    """What a thread says that goes on whatever happens: where the log cannot be written, on a full disk or closed,
    nothing is raised."""

    def __init__(self) -> None:
        self._said = ""

    def say(self, event: str, text: str, *, level: int = logging.WARNING) -> None:
        """As the function."""
        with suppress(OSError, ValueError):
            say(event, text, level=level)

    def say_once(self, event: str, text: str, *, level: int = logging.WARNING) -> None:
        """Only if it is something else than the last time, or has gone well in between."""
        if text != self._said:
            self._said = text
            self.say(event, text, level=level)

    def went_well(self) -> None:
        """What is said next is said, whatever was last."""
        self._said = ""

    def well_again(self, event: str, text: str) -> None:
        """`went_well`, and say so where `say_once` had said something."""
        if self._said:
            self.say(event, text, level=logging.INFO)
        self.went_well()


def use_format(chosen: LogFormat) -> None:
    """From now on all that this process logs, warnings and errors that nobody caught among it, is of this format."""
    global _format, _stamped
    _format = chosen
    if chosen == "text":
        _stamped = not _is_journal(2)
        if _stamped and logging.lastResort is not None:  # which writes warnings that nothing else takes
            logging.lastResort.setFormatter(_Stamped())
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.root.handlers[:] = [handler]
    _LOG.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _not_caught
    threading.excepthook = lambda args: _not_caught(args.exc_type, args.exc_value, args.exc_traceback)


def log_format() -> LogFormat:
    """The one that this process writes."""
    return _format


def take_over(logger: logging.Logger) -> None:
    """Have a logger that a library gave handlers of its own write as all others do, where lines are JSON."""
    if _format == "json":
        logger.handlers.clear()
        logger.propagate = True


def last_words(text: str) -> bytes:
    """A line for a process that is about to end itself and logs nothing more."""
    line = _line("ERROR", {"event": "stopped by force", "message": text}) if _format == "json" else f"{_stamp()}{text}"
    return f"{line}\n".encode()


class JsonLines(logging.Formatter):
    """A record as one JSON object: time, level, event, and what is known besides."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields = {"event": "log", "logger": record.name, **getattr(record, FIELDS, {})}
        if fields["event"] != "request":
            fields["message"] = record.getMessage()
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return _line(record.levelname, fields, record.created)


class _Stamped(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_time(record.created)} {super().format(record)}"


def _line(level: str, fields: dict[str, Any], at: float | None = None) -> str:
    return json.dumps({"time": _time(at), "level": level.lower(), **fields}, default=str)


def _stamp() -> str:
    return f"{_time()} " if _stamped else ""


def _time(at: float | None = None) -> str:
    """A moment, by default now, in UTC."""
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_journal(descriptor: int) -> bool:
    """Whether systemd's journal reads what is written there; JOURNAL_STREAM may be left over from a parent's."""
    try:
        written = os.fstat(descriptor)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{written.st_dev}:{written.st_ino}"


def _not_caught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, SystemExit | KeyboardInterrupt):
        _LOG.critical("%s", error, exc_info=(kind, error or kind(), trace))
