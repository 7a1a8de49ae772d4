from __future__ import annotations

from console.core.templatetags.console import _STATUS_STYLES
from console.core.web.navigation import _ENTRIES
from tests.icons import NAMES, SPRITE, sprite


def test_the_sprite_is_lucides() -> None:
    assert SPRITE.read_text() == sprite()


def test_every_symbol_that_is_named_is_there() -> None:
    named = {symbol for _, symbol in _STATUS_STYLES.values()} | {icon for _, _, icon, _ in _ENTRIES}
    assert named <= NAMES.keys()
