"""The script that runs tests in a kernel with ESP: what it says where it cannot, and what it would run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.listed import assert_tests_exist

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / ".ci" / "kernel"


def run(*words: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    groups: list[int] | None = None if user is None else []
    return subprocess.run(
        ["/bin/bash", "-s", "--", *words],
        stdin=SCRIPT.open(),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=user,
        extra_groups=groups,
    )


def test_without_root_it_says_so_by_an_exit_code_of_its_own() -> None:
    done = run("--build", user=65534 if os.geteuid() == 0 else None)
    assert done.returncode == 77
    assert "no tests with kernel ESP on this machine: it needs root" in done.stderr


def test_what_it_cannot_read_is_an_error() -> None:
    for words in ((), ("--nonsense",)):
        assert run(*words).returncode == 2


def test_the_tests_it_runs_exist() -> None:
    assert_tests_exist("kernel-tests")
