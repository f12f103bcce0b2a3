"""Thumbnails of a workspace, whatever has happened to the pictures and to thumbs.db."""

from __future__ import annotations

import io
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scn_core.datasets import parallel
from scn_core.datasets.pixels import pixel_cache
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.datasets.thumbnail_images import make_thumbnail
from scn_core.errors import WorkspaceError
from scn_core.records import Box
from scn_core.store.samples import StoredSample, iter_samples
from scn_core.store.thumbnail_cache import Thumbs
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.thumbnails import DRAWING, UNDRAWN, Recent, large_face_of, thumbnails_of, write_thumbnails
from scn_core.workspace.toml import change_table

COUNT = 10
Faces = list[StoredSample]


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """Ten pictures of noise, ids 1 to 10."""
    root = tmp_path / "data"
    root.mkdir()
    for number in range(1, COUNT + 1):
        paint(root / f"{number}.png", number)
    rows = "".join(f"{number}.png,{'sad' if number % 2 else 'joy'}\n" for number in range(1, COUNT + 1))
    (root / "labels.csv").write_text("path,label\n" + rows, encoding="utf-8")
    create_workspace(tmp_path / "ws", "csv", Source(csv=root / "labels.csv"))
    return Workspace(tmp_path / "ws")


@pytest.fixture
def faces(place: Workspace) -> Faces:
    with place.database(read_only=True) as db:
        return list(iter_samples(db))


def paint(path: Path, number: int) -> None:
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)).save(path)


def picture(place: Workspace, stored: StoredSample) -> Path:
    return Path(place.settings().root) / stored.sample.path


def expected(place: Workspace, faces: Faces) -> dict[int, bytes]:
    return {each.id: make_thumbnail(picture(place, each), each.sample.box) for each in faces}


def kept(place: Workspace) -> int:
    with closing(sqlite3.connect(place.thumbs_file)) as db:
        return int(db.execute("SELECT count(*) FROM thumb").fetchone()[0])


def moved(stored: StoredSample, path: str) -> StoredSample:
    """As if somebody had edited the database."""
    return replace(stored, sample=replace(stored.sample, path=path))


def test_thumbnails_are_made_when_asked_for_and_kept(place: Workspace, faces: Faces) -> None:
    assert thumbnails_of(place, []) == {}
    assert thumbnails_of(place, faces[:3]) == expected(place, faces[:3])
    assert kept(place) == 3
    assert thumbnails_of(place, faces) == expected(place, faces)
    assert kept(place) == COUNT


def test_processes_read_decode_and_draw_as_threads_do(
    place: Workspace, faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    picture(place, faces[3]).write_bytes(b"<svg/>")
    root, found = Path(place.settings().root), []
    for by_threads in (COUNT, 0):
        monkeypatch.setattr(parallel, "BY_THREADS", by_threads)
        place.thumbs_file.unlink(missing_ok=True)
        manifest = read_manifest("csv", Source(csv=root / "labels.csv"))
        decoded = pixel_cache(place.path / f"by-{by_threads}", [each.sample for each in faces], root, 16)
        unusable = write_thumbnails(place, faces)
        found.append((manifest, decoded.pixels.tolist(), decoded.broken, unusable, thumbnails_of(place, faces)))
    assert found[0] == found[1]
    assert (len(manifest.samples), len(decoded.broken), unusable) == (COUNT - 1, 1, 1)


def test_a_second_look_decodes_nothing(place: Workspace, faces: Faces) -> None:
    """The pictures are spoilt behind the program's back, size and time as they were."""
    first = thumbnails_of(place, faces)
    for stored in faces:
        path, state = picture(place, stored), picture(place, stored).stat()
        path.write_bytes(b"\0" * state.st_size)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert thumbnails_of(place, faces) == first
    assert write_thumbnails(place, faces) == 0


def test_a_changed_picture_or_box_gets_a_new_one(place: Workspace, faces: Faces) -> None:
    before = thumbnails_of(place, faces)
    paint(picture(place, faces[2]), 99)
    boxed = replace(faces[4], sample=replace(faces[4].sample, box=Box(0, 0, 9, 9)))
    now = [boxed if each.id == boxed.id else each for each in faces]
    after = thumbnails_of(place, now)
    assert after == expected(place, now)
    assert {number for number in before if before[number] != after[number]} == {3, 5}
    assert kept(place) == COUNT


def test_what_has_no_usable_picture_is_told_in_a_few_words(place: Workspace, faces: Faces, tmp_path: Path) -> None:
    picture(place, faces[0]).unlink()
    picture(place, faces[1]).write_bytes(b"<svg/>")
    picture(place, faces[2]).unlink()
    picture(place, faces[2]).mkdir()
    content = picture(place, faces[3]).read_bytes()
    picture(place, faces[3]).write_bytes(content[: len(content) // 2])
    os.truncate(picture(place, faces[4]), 300_000_000)
    boxed = replace(faces[5], sample=replace(faces[5].sample, box=Box(500, 500, 600, 600)))
    asked = [*faces[:5], boxed, *faces[6:]]
    found = thumbnails_of(place, asked)
    told = {number: text for number, text in found.items() if isinstance(text, str)}
    assert told.pop(2).startswith("not a picture in one of the formats")
    assert told.pop(4).startswith("a damaged picture")
    assert told.pop(6).endswith("outside the picture of 16 x 16 or under 8 pixels")
    assert told == {
        1: "no such picture",
        3: "not a picture file",
        5: "a file of over 256,000,000 bytes",
    }
    assert not any(str(tmp_path) in text for text in found.values() if isinstance(text, str))
    assert {number for number, webp in found.items() if isinstance(webp, bytes)} == {7, 8, 9, 10}
    assert write_thumbnails(place, asked) == 6
    assert {number: large_face_of(place, each) for number, each in zip(range(1, 7), asked, strict=False)} == {
        number: text for number, text in found.items() if number < 7
    }


@pytest.mark.parametrize(
    "path", ["../secret.png", "a/../../secret.png", "ROOT/../secret.png", "link.png", "dir/secret.png"]
)
def test_no_path_leads_out_of_the_root(path: str, place: Workspace, faces: Faces, tmp_path: Path) -> None:
    """Whatever the database says, and wherever links inside the root point."""
    root = Path(place.settings().root)
    paint(tmp_path / "secret.png", 1)
    (root / "a").mkdir()
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "dir").symlink_to(tmp_path)
    stored = moved(faces[0], path.replace("ROOT", str(root)))
    for found in (thumbnails_of(place, [stored])[1], large_face_of(place, stored)):
        assert found in ("a path that leaves the folder of the data set", "no such picture")
    assert write_thumbnails(place, [stored]) == 1
    assert not place.thumbs_file.exists() or kept(place) == 0


def test_links_that_lead_out_are_followed_where_the_import_was_asked_to(
    place: Workspace, faces: Faces, tmp_path: Path
) -> None:
    paint(tmp_path / "other.png", 1)
    (Path(place.settings().root) / "link.png").symlink_to(tmp_path / "other.png")
    change_table(place.settings_file, "source", {"follow_links": True})
    stored = moved(faces[0], "link.png")
    assert isinstance(thumbnails_of(place, [stored])[1], bytes)
    assert isinstance(thumbnails_of(place, [moved(faces[0], "../other.png")])[1], str)


@pytest.mark.parametrize("path", ["/etc/hostname", "", ".", "a\0b", "1.png/2.png"])
def test_paths_that_name_no_picture_are_no_errors(path: str, place: Workspace, faces: Faces) -> None:
    stored = moved(faces[0], path)
    assert isinstance(thumbnails_of(place, [stored])[1], str)
    assert isinstance(large_face_of(place, stored), str)


def test_links_within_the_root_are_followed(place: Workspace, faces: Faces) -> None:
    (Path(place.settings().root) / "link.png").symlink_to("2.png")
    assert thumbnails_of(place, [moved(faces[0], "link.png")])[1] == expected(place, [faces[1]])[2]


def test_a_root_that_is_a_link_itself_is_no_way_out(place: Workspace, faces: Faces, tmp_path: Path) -> None:
    root = Path(place.settings().root)
    root.rename(tmp_path / "elsewhere")
    root.symlink_to(tmp_path / "elsewhere")
    assert thumbnails_of(place, faces) == expected(place, faces)


def test_without_thumbs_db_reviewing_goes_on(place: Workspace, faces: Faces, caplog: pytest.LogCaptureFixture) -> None:
    place.thumbs_file.write_bytes(b"not a database" * 1000)
    with caplog.at_level(logging.WARNING):
        assert thumbnails_of(place, faces) == expected(place, faces)
    assert "thumbs.db: the file is damaged; remove it" in caplog.text
    with pytest.raises(WorkspaceError, match="remove it"):
        write_thumbnails(place, faces)


def test_who_has_little_time_gets_the_first_ones(place: Workspace, faces: Faces) -> None:
    for drawn in (1, 2):
        found = thumbnails_of(place, faces[:4], within_s=0)
        assert [found[number] == UNDRAWN for number in range(1, 5)] == [number > drawn for number in range(1, 5)]
        assert kept(place) == drawn


def test_who_has_little_time_does_not_wait_for_others_that_draw(place: Workspace, faces: Faces) -> None:
    thumbnails_of(place, faces[:1])
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(DRAWING)
        found = thumbnails_of(place, faces[:2], within_s=0)
    assert (found[1], found[2]) == (expected(place, faces[:1])[1], UNDRAWN)


def test_all_are_written_and_counted(place: Workspace, faces: Faces) -> None:
    thumbnails_of(place, faces[:4])
    heard: list[int] = []
    assert write_thumbnails(place, iter(faces), heard.append) == 0
    assert sum(heard) == COUNT
    assert kept(place) == COUNT
    assert thumbnails_of(place, faces) == expected(place, faces)


def test_more_than_fit_one_transaction_or_one_lookup(place: Workspace, faces: Faces) -> None:
    """The same pictures under 2,500 ids."""
    many = [replace(faces[i % COUNT], id=i + 1) for i in range(2500)]
    heard: list[int] = []
    assert write_thumbnails(place, many, heard.append) == 0
    assert (sum(heard), kept(place)) == (2500, 2500)
    found = thumbnails_of(place, many)
    assert found[2500] == expected(place, [faces[9]])[10]


def test_what_was_made_before_a_stop_is_kept(place: Workspace, faces: Faces) -> None:
    done = 0

    def stop(more: int) -> None:
        nonlocal done
        done += more
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_thumbnails(place, faces, stop)
    assert 1 <= kept(place) < COUNT
    assert write_thumbnails(place, faces) == 0
    assert kept(place) == COUNT


def test_many_threads_ask_at_once(place: Workspace, faces: Faces) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: thumbnails_of(place, faces), range(24)))
    assert found == [expected(place, faces)] * 24


def test_large_faces_keep_their_own_pixels(place: Workspace, faces: Faces) -> None:
    webp = large_face_of(place, faces[0])
    assert isinstance(webp, bytes)
    assert Image.open(io.BytesIO(webp)).size == (16, 16)


def test_a_large_face_is_drawn_once_while_its_picture_stays(place: Workspace, faces: Faces) -> None:
    first = large_face_of(place, faces[0])
    assert large_face_of(place, faces[0]) is first
    paint(Path(place.settings().root, faces[0].sample.path), 99)
    assert large_face_of(place, faces[0]) != first


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=6)), max_size=30))
def test_recent_values_are_those_used_last_within_their_room(puts: list[tuple[int, bytes]]) -> None:
    recent, model = Recent(10), dict[tuple[Path, bytes], bytes]()
    for number, value in puts:
        key = Path("x"), bytes([number])
        recent.put(key, value)
        model.pop(key, None)
        model[key] = value
        while sum(map(len, model.values())) > 10:
            del model[next(iter(model))]
        assert {k: recent.get(k) for k in sorted(model)} == {k: model[k] for k in sorted(model)}
        model = {k: model[k] for k in sorted(model)}  # the order they were just asked for in
        assert recent.get((Path("y"), b"")) is None


PEAK = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from scn_core.datasets.images import open_face

with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: open_face(Path(sys.argv[1]), None, 768), range(int(sys.argv[2]))))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_huge_pictures_are_decoded_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "huge.webp"
    Image.new("RGB", (5000, 4000), "tan").save(path, quality=1)
    alone, together = (
        int(subprocess.check_output([sys.executable, "-c", PEAK, path, str(count)], text=True)) for count in (1, 4)
    )
    assert together < 2.2 * alone  # four were 3.3 times as much; an open WebP takes a little before it is decoded


def test_a_folder_that_is_no_workspace_is_told(faces: Faces, place: Workspace) -> None:
    shutil.rmtree(place.path)
    with pytest.raises(WorkspaceError, match=r"found no workspace\.toml"):
        thumbnails_of(place, faces)
    assert Thumbs(place.thumbs_file).path == place.thumbs_file
