"""Settings from the environment."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.conf import settings

from console.core.environment import signing_key

NAMES = "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ("yes", ["__Host-isthmus_session_one", "__Host-isthmus_csrf_one", "True", "True"]),
        ("no", ["isthmus_session_one", "isthmus_csrf_one", "False", "False"]),
    ],
)
def test_names_of_cookies(behind: str, expected: list[str]) -> None:
    code = f"import console.project.settings as s; print(*(getattr(s, name) for name in {NAMES!r}))"
    environment = os.environ | {"ISTHMUS_BEHIND_TLS": behind, "ISTHMUS_INSTALLATION": "one"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == expected


def test_cookies_are_what_the_prefix_asks_for() -> None:
    """A browser takes a `__Host-` cookie only for the path / and without a domain."""
    for kind in ("SESSION", "CSRF"):
        assert getattr(settings, f"{kind}_COOKIE_PATH") == "/"
        assert getattr(settings, f"{kind}_COOKIE_DOMAIN") is None


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("short", "has only 5 characters"),
        ("x" * 49, "has only 49 characters"),
        ("x" * 64, "has only 1 different characters"),
        ("0123456789abcdef" * 4, "repeats one sequence"),
    ],
)
def test_a_signing_key_that_can_be_guessed_starts_nothing(key: str, problem: str) -> None:
    environment = os.environ | {"ISTHMUS_SECRET_KEY": key}
    command = [sys.executable, "-c", "import console.project.settings"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"isthmus: setting ISTHMUS_SECRET_KEY: {problem}; it needs 50 random characters" in done.stderr
    assert key not in done.stderr, "what is set may be near to the right one"


@pytest.mark.parametrize("make", [str, lambda: secrets.token_urlsafe(48), lambda: secrets.token_hex(32)])
def test_a_random_signing_key_is_accepted(make: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    key = make()
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", key)
    assert signing_key("ISTHMUS_SECRET_KEY") == key
