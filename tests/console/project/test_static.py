"""Static files are collected once, and again when one of them changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import LazySettings

from console.project.quickstart import static
from console.project.quickstart.static import collect_static


@pytest.fixture
def sources(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file; the collecting itself is Django's."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a.css").write_text("a")
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    monkeypatch.setattr(static, "call_command", lambda *_, **__: None)
    return folder


def test_only_changes_are_collected(sources: Path, settings: LazySettings) -> None:
    assert collect_static()
    assert not collect_static()
    os.utime(sources / "a.css", ns=(0, 1))
    assert collect_static()
    (sources / "b.css").write_text("b")
    assert collect_static()
    (sources / "a.css").unlink()
    assert collect_static()
    assert not collect_static()


def test_a_directory_that_was_emptied_is_filled_again(sources: Path, settings: LazySettings) -> None:
    collect_static()
    for path in Path(settings.STATIC_ROOT).iterdir():
        path.unlink()
    assert collect_static()


def test_what_failed_is_done_again(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(static, "call_command", full)
        with pytest.raises(OSError, match="No space"):
            collect_static()
    assert collect_static()
