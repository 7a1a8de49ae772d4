"""The scripts that unpack other IKE daemons for tests: what they say where they cannot, and what is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.listed import assert_tests_exist

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = {"strongswan6": "strongSwan 6", "libreswan": "Libreswan"}

scripts = pytest.mark.parametrize("script", SCRIPTS)


def run(
    script: str, *words: str, user: int | None = None, path: str = "", home: str = "/nonexistent"
) -> subprocess.CompletedProcess[str]:
    groups: list[int] | None = None if user is None else []
    return subprocess.run(
        ["/bin/bash", "-s", "--", *words],
        stdin=(ROOT / ".ci" / script).open(),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=user,
        extra_groups=groups,
        env={"PATH": f"{path}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home},
    )


@scripts
def test_without_root_it_says_so_by_an_exit_code_of_its_own(script: str) -> None:
    done = run(script, "--fetch", user=65534 if os.geteuid() == 0 else None)
    assert done.returncode == 77
    assert f"no tests with {SCRIPTS[script]} on this machine: it needs root" in done.stderr


@scripts
def test_what_it_cannot_read_is_an_error(script: str) -> None:
    for words in ((), ("--nonsense",)):
        assert run(script, *words).returncode == 2


@scripts
@pytest.mark.parametrize("words", [("--fetch",), ("--refresh",), ("true",)])
def test_packages_that_cannot_be_had_are_reported_by_the_same_exit_code(
    tmp_path: Path, script: str, words: tuple[str, ...]
) -> None:
    """As root by a stand-in for `id`: nothing is mounted before everything is unpacked."""
    for name, text in (("id", "echo 0"), ("apt-get", "echo 'E: no route to the mirror' >&2; exit 100")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = run(script, *words, path=str(tmp_path), home=str(tmp_path / "home"))
    assert done.returncode == 77, done.stderr
    assert "E: no route to the mirror" in done.stderr
    assert f"no tests with {SCRIPTS[script]} on this machine: the packages cannot be fetched" in done.stderr
    assert list((tmp_path / "home/.cache/isthmus" / script).glob("fetch.??????")) == []


def test_the_tests_with_strongswan_6_exist() -> None:
    assert_tests_exist("strongswan6-tests")
