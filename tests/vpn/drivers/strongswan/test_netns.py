"""A namespace that is deleted, or deleted and created again, while it is read."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from vpn.drivers.strongswan import netns

GONE = OSError(errno.EINVAL, "Invalid argument")


def read(monkeypatch: pytest.MonkeyPatch, exists: list[bool], entries: list[OSError | None]) -> str:
    """What is read if the namespace exists, and can be entered, like this each time."""

    def within(name: str, call: Callable[[], str]) -> str:
        if error := entries.pop(0):
            raise error
        return call()

    monkeypatch.setattr(netns, "exists", lambda name: exists.pop(0))
    monkeypatch.setattr(netns, "within", within)
    return netns.within_existing("isth-x", lambda: "its state", "none")


def test_one_that_is_deleted_meanwhile_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, [False], []) == "none"
    assert read(monkeypatch, [True, False], [GONE]) == "none"
    assert read(monkeypatch, [True, False], [OSError(errno.ENOENT, "No such file")]) == "none"


def test_one_that_is_created_again_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, [True, True], [GONE, None]) == "its state"


def test_other_errors_and_lasting_ones_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PermissionError):
        read(monkeypatch, [True], [PermissionError(errno.EPERM, "Operation not permitted")])
    with pytest.raises(OSError, match="Invalid argument"):
        read(monkeypatch, [True] * 5, [GONE] * 5)
