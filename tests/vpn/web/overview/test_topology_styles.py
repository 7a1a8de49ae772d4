"""The classes that the picture's template puts together have their styles."""

from __future__ import annotations

import re
from pathlib import Path

from tests.vpn.web.overview.test_topology import world
from vpn.web.overview.topology import draw

STYLES = Path(__file__).parents[4] / "static" / "overview.css"


def test_every_kind_of_box_has_its_style() -> None:
    kinds = {box.kind for box in draw(*world(4, 1)).boxes} - {"note"}
    assert kinds == {"vpc", "subnet"}
    # At the beginning of a line: the rules for forced colours, which are indented, have no fill.
    styled = set(re.findall(r"^\.topo-(\w+) \{ fill:", STYLES.read_text(encoding="utf-8"), re.M))
    assert kinds - styled == set()
