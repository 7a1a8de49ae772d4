"""Cells of a CSV file: what a spreadsheet would take for a formula is text."""

from __future__ import annotations

import pytest

from console.core.web.lists.sheet import harmless


@pytest.mark.parametrize("prefix", ["=", "+", "-", "@", "\t", "\r", "\n", "|", "%"])
def test_what_begins_like_a_formula_is_quoted(prefix: str) -> None:
    assert harmless(f"{prefix}1+1") == f"'{prefix}1+1"


def test_all_else_is_as_it_is() -> None:
    assert harmless("site-1 = main") == "site-1 = main"
    assert harmless(None) == "" and harmless(3) == "3"
    assert harmless(["10.0.0.0/8", "10.1.0.0/16"]) == "10.0.0.0/8 10.1.0.0/16"
    assert harmless(["=1", "2"]) == "'=1 2"
