"""Commands find their installation, or say in one line that there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.core.environment import DataDirError, adopt_data_dir, load_environment
from console.project.quickstart.datadir import DataDir

ROOT = Path(__file__).resolve().parents[3]
PLAIN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("ISTHMUS_") and name != "DJANGO_SETTINGS_MODULE"
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and an environment without settings."""
    for name in [name for name in os.environ if name.startswith("ISTHMUS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", ["dataplane", "reconcile", "doctor", "migrate", "changepassword"])
def test_a_command_without_installation_ends_in_one_line(folder: Path, command: str) -> None:
    with pytest.raises(DataDirError) as caught:
        adopt_data_dir(["manage.py", command])
    assert str(caught.value).startswith(f"isthmus: no installation in {folder}/.isthmus; give --data-dir")


@pytest.mark.parametrize("words", [["check"], ["makemigrations", "--check"], ["doctor", "--help"], []])
def test_what_needs_none_goes_on(folder: Path, words: list[str]) -> None:
    adopt_data_dir(["manage.py", *words])


@pytest.mark.parametrize("name", ["ISTHMUS_ENCRYPTION_KEYS", "ISTHMUS_DATABASE_URL_FILE"])
def test_settings_of_the_environment_are_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")
    adopt_data_dir(["manage.py", "reconcile"])


def test_settings_and_commands_mean_the_same_folder(folder: Path) -> None:
    code = "import console.project.settings as s; print(s.DATA_DIR, s.DRIVER_DIR, s.STATIC_ROOT)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=PLAIN | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    place = folder.resolve() / ".isthmus"
    assert done.stdout.split() == [str(place), str(place / "driver"), str(place / "static")]


class TestOfAnotherUser:
    """Run as a user who may not read it; root may read everything, so the refusal is simulated."""

    @pytest.fixture
    def locked(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (folder / ".isthmus").mkdir()
        real = Path.read_text

        def refused(self: Path, *args: str, **kwargs: str) -> str:
            if self.name == "environment":
                raise PermissionError(13, "Permission denied")
            return real(self, *args, **kwargs)

        monkeypatch.setattr(Path, "read_text", refused)
        return folder / ".isthmus"

    def test_commands_end_in_one_line(self, locked: Path) -> None:
        with pytest.raises(DataDirError, match=f"{locked} belongs to another user; run this as its owner"):
            load_environment(locked)
        with pytest.raises(DataDirError, match="belongs to another user"):
            adopt_data_dir(["manage.py", "doctor"])

    def test_settings_of_the_environment_do_not_need_it(
        self, locked: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ISTHMUS_ENCRYPTION_KEYS", "x")
        adopt_data_dir(["manage.py", "doctor"])

    def test_quickstart_names_the_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        place = DataDir(folder / "data")
        place.sockets = place.directory
        place.make()
        (place.directory / "lock").touch()
        me = os.getuid()
        real = Path.lstat
        stranger = os.stat_result((0o100600, 0, 0, 1, me + 1, 0, 0, 0, 0, 0))
        monkeypatch.setattr(Path, "lstat", lambda self: stranger if self.name == "lock" else real(self))
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        with pytest.raises(DataDirError, match=rf"lock belongs to another user.*sudo chown -R {me}"):
            place.make()

    def test_a_lock_that_cannot_be_opened_is_one_line(self, folder: Path) -> None:
        place = DataDir(folder / "data")
        (place.directory / "lock").mkdir(parents=True)
        with pytest.raises(DataDirError, match="lock cannot be opened"):
            place.lock()
