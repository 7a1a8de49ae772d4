"""Documents for developers name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    ".github/CONTRIBUTING.md",
    "templates/docs/architecture.html",
    "templates/docs/decisions.html",
    "templates/docs/contract.html",
)
_PATH = re.compile(r"(?<![\w/.-])((?:console|policies|vpn|tests|templates|static|\.ci|\.github)/[\w./-]*\w)")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_named_in_documents_exist(document: str) -> None:
    named = set(_PATH.findall((ROOT / document).read_text(encoding="utf-8")))
    assert {name for name in named if not (ROOT / name).exists()} == _EXAMPLES & named


# Of a recipe: the reader puts a name there.
_EXAMPLES = {"vpn/handoff/exports/DEVICE.py", "vpn/drivers/NAME/driver.py"}


def test_the_recipes_are_there() -> None:
    text = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    recipes = re.findall(r"^### (.*)", text.partition("## Recipes")[2], re.M)
    assert len(recipes) == 5
    assert _PATH.findall(text)
