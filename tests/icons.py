"""The console's icons: a sprite of Lucide's (ISC licence), one file, cached by browsers.

`python -m tests.icons` writes static/icons.svg; a test holds the file to it.
"""

from __future__ import annotations

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

SPRITE = Path(__file__).parents[1] / "static" / "icons.svg"
# The console's name: Lucide's.
NAMES = {
    "check": "circle-check",
    "cross": "octagon-x",
    "warning": "triangle-alert",
    "clock": "clock",
    "pause": "circle-pause",
    "plus": "plus",
    "menu": "menu",
    "down": "chevron-down",
    "person": "user",
    "help": "circle-question-mark",
    "overview": "layout-dashboard",
    "gateway": "router",
    "connection": "arrow-left-right",
    "shield": "shield-check",
    "lock": "lock",
    "network": "network",
    "activity": "history",
    "account": "building-2",
}
_NOTICE = "Lucide, https://lucide.dev: ISC License, Copyright (c) Lucide Icons and Contributors"
_STROKE = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'


def sprite() -> str:
    """All of NAMES as symbols, drawn as Lucide draws them."""
    with ZipFile(BytesIO(files("lucide").joinpath("lucide.zip").read_bytes())) as pack:
        symbols = [_symbol(name, pack.read(f"{theirs}.svg").decode()) for name, theirs in NAMES.items()]
    head = '<svg xmlns="http://www.w3.org/2000/svg">\n'
    return f"{head}  <!-- {_NOTICE} -->\n" + "".join(f"  {symbol}\n" for symbol in symbols) + "</svg>\n"


def _symbol(name: str, svg: str) -> str:
    inside = svg.partition(">")[2].rpartition("</svg>")[0]
    shapes = re.sub(r"\s+", " ", inside).replace(" />", "/>").replace("> <", "><").strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24" {_STROKE}>{shapes}</symbol>'


if __name__ == "__main__":
    SPRITE.write_text(sprite())
