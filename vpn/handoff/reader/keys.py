"""Finds the key in the files that this product writes, read as the devices read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.sax.saxutils import unescape


def _as_is(text: str) -> str:
    return text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


# Each pattern matches a whole line, so that no comment or other setting is mistaken for a key.
_LINES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = tuple(
    (re.compile(rf"[ \t]*{line}[ \t]*"), reading)
    for line, reading in (
        # Libreswan, Cisco (IKEv2 and IKEv1), Juniper, FortiGate, VyOS, pfSense, MikroTik.
        (r'[^\s"]+ [^\s"]+ : PSK "([^"]+)"', _as_is),
        (r"pre-shared-key (\S+)", _as_is),
        (r"crypto isakmp key (\S+) address \S+", _as_is),
        (r'set security ike policy \S+ pre-shared-key ascii-text "([^"]+)"', _as_is),
        (r'set psksecret "([^"]+)"', _as_is),
        (r"set vpn ipsec authentication psk \S+ secret '([^']+)'", _as_is),
        (r"<pre-shared-key>([^<]+)</pre-shared-key>", unescape),
        (r'/ip ipsec identity add peer=\S+ auth-method=\S+ secret="((?:[^"\\]|\\.)+)".*', _unescaped),
    )
)


def keys_in(text: str) -> Iterator[str]:
    """All keys, including placeholders, in order; linear in the length of the text."""
    for line in text.split("\n"):
        for pattern, reading in _LINES:
            if match := pattern.fullmatch(line):
                yield reading(match[1])
