"""Archives: the same content is the same file, and any other file is refused, or says the same."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scn_core.errors import DataError
from scn_core.rounds.pack.archive import MANIFEST, unpack_archive, write_archive

KIND = "thing"
MEMBERS = {"a.txt": b"first", "b.bin": bytes(range(256)) * 8}
LIMITS = dict.fromkeys(MEMBERS, 4096)
ABOUT = {"n": 3, "name": "x"}


def written(folder: Path, name: str = "x.zip") -> Path:
    (folder / "in").mkdir(exist_ok=True)
    for member, content in MEMBERS.items():
        (folder / "in" / member).write_bytes(content)
    write_archive(folder / name, KIND, ABOUT, {member: folder / "in" / member for member in MEMBERS})
    return folder / name


def read(path: Path, folder: Path, limits: dict[str, int] = LIMITS) -> dict[str, bytes]:
    with TemporaryDirectory(dir=folder) as to:
        stamp = unpack_archive(path, KIND, limits, Path(to))
        assert stamp.about == ABOUT
        return {file.name: file.read_bytes() for file in Path(to).iterdir()}


def test_what_is_written_comes_out_and_is_the_same_file_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read(path, tmp_path) == MEMBERS
    assert written(tmp_path, "y.zip").read_bytes() == path.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in", "x.zip", "y.zip"]


def read_changed(content: bytes, place: int, flipped: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        changed = bytearray(content)
        changed[place] ^= flipped
        (folder / "x.zip").write_bytes(changed)
        try:
            found = read(folder / "x.zip", folder)
        except DataError:
            return
        assert found == MEMBERS


@settings(deadline=None)
@given(st.data())
def test_a_changed_byte_is_found_or_changes_nothing(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        content = written(Path(name)).read_bytes()
    read_changed(content, data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255)))


@pytest.mark.parametrize("flipped", [1, 128])
def test_that_is_so_of_every_byte(flipped: int, tmp_path: Path) -> None:
    content = written(tmp_path).read_bytes()
    for place in range(len(content)):
        read_changed(content, place, flipped)


@settings(deadline=None)
@given(st.integers(0, 700))
def test_a_file_that_is_cut_off_is_refused(length: int) -> None:
    with TemporaryDirectory() as name:
        path = written(Path(name))
        whole = path.read_bytes()
        path.write_bytes(whole[: min(length, len(whole) - 1)])
        with pytest.raises(DataError, match="damaged zip file"):
            read(path, Path(name))


def forged(folder: Path, **members: bytes) -> Path:
    """The archive with members added, or in place of its own under the same name; '' drops one."""
    path = written(folder)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in (content | members).items():
            if value:
                archive.writestr(name, value)
    return path


@pytest.mark.parametrize("name", ["../evil.txt", "/tmp/evil.txt", "c.txt", "in/../../evil.txt"])
def test_members_of_other_names_are_refused_and_never_written(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "deep"
    inside.mkdir()
    path = forged(inside, **{name: b"evil"})
    before = sorted(str(each) for each in tmp_path.rglob("*"))
    with pytest.raises(DataError, match=r"found other members \(.*\); allowed: a.txt, b.bin, manifest.json"):
        read(path, inside)
    assert sorted(str(each) for each in tmp_path.rglob("*")) == before


def test_a_member_that_lacks_or_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found other members"):
        read(forged(tmp_path, **{"a.txt": b""}), tmp_path)
    path = written(tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.txt", "second")
    with pytest.raises(DataError, match="found other members"):
        read(path, tmp_path)


def test_a_member_grown_or_swapped_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found a\.txt with another hash"):
        read(forged(tmp_path, **{"a.txt": b"other"}), tmp_path)
    with pytest.raises(DataError, match=r"found a.txt of more than 4,096 bytes"):
        read(forged(tmp_path, **{"a.txt": bytes(100_000)}), tmp_path)  # 100 kB of zeros take 120 bytes of the file


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"not JSON", "found no manifest.json of this program"),
        (b"[]", "found no manifest.json of this program"),
        (b'{"format": 1}', "found no manifest.json of this program"),
        (b"[" * 100_000, "found no manifest.json of this program"),
        ({"format": 2}, "found format 2; allowed: 1; use one version on both machines"),
        ({"kind": "other"}, "found a 'other'; allowed: a 'thing'"),
        ({"about": {"n": 4}}, "a manifest that is not what was written"),
        ({"about": 4}, "a manifest that is not what was written"),
        ({"id": 4}, "a manifest that is not what was written"),
        ({"members": {"a.txt": 1}}, "a manifest that is not what was written"),
    ],
)
def test_a_manifest_that_was_not_written_so_is_refused(
    tmp_path: Path, said: bytes | dict[str, object], message: str
) -> None:
    path = written(tmp_path)
    with zipfile.ZipFile(path) as archive:
        right = json.loads(archive.read(MANIFEST))
    text = said if isinstance(said, bytes) else json.dumps(right | said).encode()
    with pytest.raises(DataError, match=message):
        read(forged(tmp_path, **{MANIFEST: text}), tmp_path)


def test_a_file_that_is_not_there_or_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found no such file"):
        read(tmp_path / "nowhere.zip", tmp_path)
    with pytest.raises(DataError, match="found no such file"):
        read(tmp_path, tmp_path)
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(DataError, match="damaged zip file"):
        read(tmp_path / "x.zip", tmp_path)
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(DataError, match=r"found no manifest\.json"):
        read(tmp_path / "y.zip", tmp_path)


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path)
    before = path.read_bytes()
    shutil.rmtree(tmp_path / "in")
    with pytest.raises(FileNotFoundError):
        write_archive(path, KIND, ABOUT, {"a.txt": tmp_path / "in" / "a.txt"})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["x.zip"]
