"""Settings as they come out of the environment."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

NAMES = "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ("yes", ["__Host-isthmus_session_one", "__Host-isthmus_csrf_one", "True", "True"]),
        ("no", ["isthmus_session_one", "isthmus_csrf_one", "False", "False"]),
    ],
)
def test_names_of_cookies(behind: str, expected: list[str]) -> None:
    code = f"import console.settings as s; print(*(getattr(s, name) for name in {NAMES!r}))"
    environment = os.environ | {"ISTHMUS_BEHIND_TLS": behind, "ISTHMUS_INSTANCE": "one"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == expected


def test_cookies_are_what_the_prefix_asks_for() -> None:
    """A browser takes a `__Host-` cookie only for the path / and without a domain."""
    for kind in ("SESSION", "CSRF"):
        assert getattr(settings, f"{kind}_COOKIE_PATH") == "/"
        assert getattr(settings, f"{kind}_COOKIE_DOMAIN") is None
