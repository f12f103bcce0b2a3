"""A folder of files in storage that fsspec reaches: asked for names and content, and what its errors mean."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from scn_core.datasets.addresses import is_web
from scn_core.datasets.web_client import LeadsOutError, web_client
from scn_core.errors import UsageError, error_text
from scn_core.shell import install_extra

_PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "http": "aiohttp", "https": "aiohttp",
    "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs", "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol",
}  # fmt: skip
_TIMES = ("LastModified", "last_modified", "Last-Modified", "mtime", "updated", "modified", "created")
"""What kinds of storage call the time at which a file was written."""
_ASK_AGAIN = (408, 425, 429)
_FORBIDDEN_BY_GCSFS = "Forbidden: "
"""How the text of its OSError begins, which has no number."""
_REJECTED = frozenset({
    "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId",
    "InvalidClientTokenId", "SignatureDoesNotMatch", "RequestTimeTooSkewed",
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
    "UnauthorizedSSOTokenError", "ProfileNotFound",
    "DefaultCredentialsError", "RefreshError",
    "ClientAuthenticationError",
})  # fmt: skip
"""What is said of who asks, not of a picture: codes of S3, and errors of botocore, google.auth and azure.core."""


class Wrong(NamedTuple):
    """Why a picture was not fetched."""

    words: str
    reason: str
    """The same of all pictures of which this is true."""


GONE = "no such picture"
FORBIDDEN = "a picture that may not be read"
UNFETCHED = "a picture that could not be fetched"
UNUSABLE = "a picture that cannot be used"


class Stamp(NamedTuple):
    """By what a copy of a file is known to be current."""

    size: int | None
    """In bytes; None: the storage does not tell."""
    modified_ns: int | None
    """When it was written, since 1970; None: the storage does not tell."""


class RefusedError(Exception):
    """A file that cannot be had, however often it is asked for."""

    def __init__(self, wrong: Wrong) -> None:
        self.wrong = wrong


class Entry(NamedTuple):
    """What a folder holds."""

    name: str
    """Below the address; of a folder with the slash behind it."""
    stamp: Stamp | None
    """None: a folder."""


class Storage:
    """The folder at an address. Its methods raise whatever this kind of storage raises; see `refusal`."""

    def __init__(self, address: str, timeout_s: float) -> None:
        """Raises UsageError where a package is missing, or there is no such kind of storage."""
        self._web = is_web(address)
        own = {"get_client": web_client(address)} if self._web else {}
        try:
            from fsspec.core import url_to_fs

            self._files, path = url_to_fs(address, skip_instance_cache=True, **own)
        except ImportError as error:
            scheme = address.partition("::")[0].partition("://")[0]
            package = "fsspec" if error.name == "fsspec" else _PACKAGES.get(scheme, "that fsspec asks for")
            found = f"that the package {package} is not installed ({' '.join(str(error).split())[:200]})"
            do = f"{install_extra('remote', 'requirements-remote.txt')} has what S3 and HTTP need"
            raise UsageError(f"{address}: found {found}; install it: pip install {package} ({do})") from error
        except ValueError as error:
            allowed = "s3://, gs://, https:// and what else fsspec reaches"
            raise UsageError(error_text("", f"{address} ({error})", allowed)) from error
        self._base = path if not path or path.endswith("/") else f"{path}/"
        self._bound = {"timeout": timeout_s} if self._files.async_impl else {}
        if hasattr(self._files, "retries"):  # s3fs and gcsfs: it is we who try again
            self._files.retries = 1

    def ask(self, relative: str) -> Stamp:
        """Size and age of a file, without reading it."""
        path = self._path(relative)
        try:
            info = self._files.info(path, **self._bound)
        except OSError as error:
            if isinstance(error, PermissionError) or error.errno == errno.EINVAL:
                self._files.cat_file(path, start=0, end=1, **self._bound)  # S3 does not say why a question is refused
            raise
        if info.get("type") == "directory":
            raise IsADirectoryError(relative)
        return stamp_of(info)

    def get(self, relative: str, target: Path, most: int | None) -> None:
        """Write the content of a file into another. Raises RefusedError for one of over `most` bytes."""
        self._files.get_file(self._path(relative), str(target), callback=_counting()(most), **self._bound)

    def folder(self, name: str) -> list[Entry]:
        """What a folder holds, by name; `name`: empty, or with the slash behind it."""
        self._files.invalidate_cache()  # and keep no names afterwards
        found, within = [], f"{self._base}{name}"
        for info in self._files.ls(within.rstrip("/"), detail=True, **self._bound):
            path = str(info["name"])
            inner = path[len(within) :].rstrip("/")
            if not path.startswith(within) or not inner:
                continue  # the folder itself, as storage without folders marks it
            if info["type"] == "directory":
                found.append(Entry(f"{name}{inner}/", None))
            elif not path.endswith("/"):
                found.append(Entry(f"{name}{inner}", stamp_of(info)))
        self._files.invalidate_cache()
        return sorted(found)

    def _path(self, relative: str) -> str:
        return f"{self._base}{quote(relative) if self._web else relative}"


@cache
def _counting() -> Any:
    from fsspec.callbacks import Callback

    class Counting(Callback):  # type: ignore[misc]
        """Ends what is too large as soon as that is known."""

        def __init__(self, most: int | None) -> None:
            super().__init__()
            self.most = most

        def set_size(self, size: int | None) -> None:
            self._check(size or 0)

        def relative_update(self, inc: int = 1) -> None:
            self.value += inc
            self._check(self.value)

        def _check(self, size: int) -> None:
            if self.most is not None and size > self.most:
                raise RefusedError(Wrong(f"a file of over {self.most:,} bytes", UNUSABLE))

    return Counting


def stamp_of(info: Mapping[str, Any]) -> Stamp:
    """Size and age out of what fsspec tells of a file, whatever the storage calls them."""
    told = next((info[name] for name in _TIMES if info.get(name) is not None), None)
    modified = None
    with suppress(ValueError, TypeError, OverflowError):
        if isinstance(told, str):
            told = parsedate_to_datetime(told) if "," in told else datetime.fromisoformat(told)
        if isinstance(told, datetime):
            told = told.timestamp()
        modified = None if told is None else round(float(told) * 1_000_000) * 1_000
    size = info.get("size")
    return Stamp(None if size is None else int(size), modified)


def refusal(error: BaseException) -> Wrong | None:
    """Why a picture will not come however often it is asked for; None where it may."""
    if isinstance(error, LeadsOutError):
        return Wrong(str(error), UNFETCHED)
    status = _status(error)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return Wrong(GONE, GONE)
    if isinstance(error, PermissionError) or status in (401, 403) or str(error).startswith(_FORBIDDEN_BY_GCSFS):
        return Wrong("no permission to read it", FORBIDDEN)
    if isinstance(error, IsADirectoryError):
        return Wrong("a folder, not a picture file", GONE)
    if status is not None and 400 <= status < 500 and status not in _ASK_AGAIN:
        return Wrong(f"refused by the server (status {status})", UNFETCHED)
    return None


def _status(error: BaseException) -> int | None:
    """That of HTTP, as aiohttp, azure.core and gcsfs call it."""
    told = (getattr(error, name, None) for name in ("status", "status_code", "code"))
    return next((each for each in told if isinstance(each, int)), None)


def rejects_credentials(error: BaseException) -> bool:
    """Whether the storage does not accept who asks, so that there is no picture to be had from it."""
    if type(error).__module__.startswith("gcsfs.") and _status(error) == 401:
        return True
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        told = response.get("Error", {}).get("Code") if isinstance(response, Mapping) else None
        if told in _REJECTED or type(each).__name__ in _REJECTED:
            return True
    return False


def meant_by(error: Exception) -> BaseException:
    """What happened, where fsspec's HTTP says FileNotFoundError of everything that can."""
    cause = error.__cause__
    ours = isinstance(cause, LeadsOutError | TimeoutError | ConnectionError)
    if isinstance(error, FileNotFoundError) and cause and (ours or type(cause).__module__.startswith("aiohttp")):
        return cause
    return error
