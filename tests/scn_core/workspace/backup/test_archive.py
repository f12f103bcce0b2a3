"""The file of a backup: where its list of members is damaged, it is refused, or nothing of it is changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from scn_core.errors import WorkspaceError
from scn_core.workspace.backup.archive import BackupManifest, extract_archive, write_archive

MANIFEST = BackupManifest("ws", "mark", "manual", "", "now", "r1-d0", 0, True, False, 0, "1", "m0001")
LIST_BYTES = 240
"""The list of two members, and where it begins, at the end of the file."""


def test_a_flipped_bit_in_the_list_of_members(tmp_path: Path) -> None:
    file, folder, source = tmp_path / "backup.zip", tmp_path / "unpacked", tmp_path / "source"
    source.write_bytes(b"a database")
    write_archive(file, MANIFEST, [("review.db", source)], lambda more: None)
    whole, refused = file.read_bytes(), 0
    for place in range(len(whole) - LIST_BYTES, len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 128
        file.write_bytes(changed)
        folder.mkdir()
        try:
            extract_archive(file, folder, lambda more: None)
            assert (folder / "review.db").read_bytes() == b"a database"
        except WorkspaceError:
            refused += 1
        shutil.rmtree(folder)
    assert refused > LIST_BYTES // 2
