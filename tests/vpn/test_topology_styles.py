"""The classes that the picture's template puts together have their styles."""

from __future__ import annotations

from pathlib import Path

from tests.vpn.test_topology import world
from vpn.web.topology import draw

STYLES = Path(__file__).parents[2] / "static" / "overview.css"


def test_every_kind_of_box_has_its_style() -> None:
    kinds = {box.kind for box in draw(*world(4, 1)).boxes} - {"note"}
    assert kinds == {"vpc", "subnet"}
    styles = STYLES.read_text(encoding="utf-8")
    assert sorted(kind for kind in kinds if f".topo-{kind} {{" not in styles) == []
