"""What is said where a user cannot create network namespaces."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from console.core import rootless


def test_an_attempt_that_does_not_end_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], *, timeout: float, **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(rootless.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(rootless.subprocess, "run", hang)
    assert rootless.missing() == "an attempt to create network namespaces took longer than 10 seconds"
