"""The diagram of both sides of a tunnel, and its description in words; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_AT_MOST = 3


class Picture(NamedTuple):
    """The upper side with its gateway, the line, the lower side; `described` is the same in words.

    Without `peer` there is no lower side.
    """

    here: str
    here_detail: str
    gateway: str
    gateway_detail: str
    described: str
    line: str = ""
    suite: str = ""
    there: str = ""
    peer: str = ""
    peer_detail: str = ""


class Side(NamedTuple):
    """`name` of a gateway or address of a peer, in the network `place`."""

    place: str
    detail: str
    name: str
    cidrs: Sequence[str]


def picture(here: Side, there: Side | None, *, line: str = "", suite: str = "") -> Picture:
    """`line` is the connection's name, `suite` how it is protected."""
    own = _listed(here.cidrs)
    described = f"{', '.join(part for part in (here.place, here.detail) if part)}: the gateway {here.name}"
    if there is None:
        return Picture(here.place, here.detail, here.name, own, f"{described}, without a connection.")
    whole = (
        f"{described} connects {_in_words(here.cidrs)} to {_in_words(there.cidrs)} "
        f"behind {there.name}, {suite}."
    )
    return Picture(
        here.place,
        here.detail,
        here.name,
        own,
        whole,
        line,
        suite,
        there.place,
        there.name,
        _listed(there.cidrs),
    )


def _listed(cidrs: Sequence[str]) -> str:
    more = len(cidrs) - _AT_MOST
    return " ".join(cidrs[:_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _in_words(cidrs: Sequence[str]) -> str:
    return ", ".join(cidrs) or "nothing yet"
