"""A member's files are complete or absent, even if the disk is full."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vpn.drivers.strongswan.files import read_whole, remove, write_whole

SMALL = 256 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 256 kB."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def fill(disk: Path) -> None:
    with pytest.raises(OSError, match="No space"), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(1024))


def test_a_written_file_is_read_back_completely(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    for length in (3, 5000, 2, 90000, 0):
        write_whole(file, json.dumps("x" * length))
        assert json.loads(file.read_text()) == "x" * length
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_takes_what_was_written_before(small_disk: Path) -> None:
    file = small_disk / "notes.json"
    write_whole(file, json.dumps({"peers": "a" * 3000}))
    fill(small_disk)
    for letter in "bcd":
        write_whole(file, json.dumps({"peers": letter * 3500}))
        assert json.loads(file.read_text()) == {"peers": letter * 3500}
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "e" * SMALL)
    assert json.loads(file.read_text()) == {"peers": "d" * 3500}


def test_writers_side_by_side_never_mix(tmp_path: Path) -> None:
    file = tmp_path / "esp.json"
    texts = [json.dumps(str(number) * 3000) for number in range(8)]

    def write(text: str) -> None:
        for _ in range(50):
            write_whole(file, text)
            assert read_whole(file).rstrip("\n") in texts

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, texts))


def test_nothing_remains(tmp_path: Path) -> None:
    write_whole(tmp_path / "note.json", "{}")
    remove(tmp_path / "note.json")
    remove(tmp_path / "note.json")
    assert list(tmp_path.iterdir()) == []
