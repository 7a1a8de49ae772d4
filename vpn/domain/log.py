"""The lines of a member's log that concern one peer; pure.

charon writes one log for all peers. A line concerns a peer if it names the peer's connection or
address, or belongs to an IKE_SA that an earlier such line belongs to.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import NamedTuple, TypedDict
from uuid import UUID

MASK = "[hidden]"

_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?P<zone>[+-]\d{4})? \d+\[(?P<group>[A-Z0-9]+)\] "
    r"(?:<(?P<sa>[^<>]+)> )?(?P<text>.*)"
)
_BOOT = "loaded plugins: charon"
# Higher log levels than the configured ones dump messages and keys: such lines are never reported.
_DUMP = re.compile(r"^\s*\d+: (?:[0-9A-F]{2} )+")
_LONG = re.compile(r"\b(?:0x)?[0-9A-Fa-f]{32,}\b|(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{40,}={0,2}")


class LogLine(NamedTuple):
    """`group` is charon's subsystem, such as IKE, CFG or KNL; `at` is in UTC."""

    at: datetime | None
    group: str
    text: str


class MemberLog(TypedDict):
    """As the host sends it to a page: `lines` are [time in ISO 8601 or "", group, text], newest last."""

    index: int
    lines: list[list[str]]


class KeptLog(TypedDict):
    """`fault` says why there is no log."""

    at: str
    fault: str
    members: list[MemberLog]


def log_key(connection_id: UUID) -> str:
    """The cache key of a connection's log."""
    return f"tunnel-log:{connection_id}"


def about_peer(
    lines: Iterable[str], *, names: Collection[str], address: str, limit: int
) -> tuple[LogLine, ...]:
    """The last `limit` lines about the peer with these connection names and this address."""
    mentioned = _mentions(names, address)
    kept: deque[LogLine] = deque(maxlen=limit)
    sas: set[str] = set()
    for raw in lines:
        match = _LINE.match(raw)
        if not match:
            continue
        if _BOOT in match["text"]:
            # IKE_SAs are numbered from one again.
            sas.clear()
        name, _, number = (match["sa"] or "").rpartition("|")
        if name in names or number in sas or mentioned.search(match["text"]):
            if number:
                sas.add(number)
            kept.append(LogLine(_moment(match["at"], match["zone"]), match["group"], match["text"].strip()))
    return tuple(kept)


def _mentions(names: Collection[str], address: str) -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in names)
    return re.compile(rf"(?<![\w.])(?:{words}|{re.escape(address)})(?![\w]|\.\d)")


def _moment(text: str, zone: str | None) -> datetime:
    if zone:
        return datetime.strptime(text + zone, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def redacted(lines: Iterable[LogLine], secrets: Collection[str] = ()) -> tuple[LogLine, ...]:
    """The lines without the given secrets, and without anything that looks like a key."""
    return tuple(
        line._replace(text=_hidden(line.text, secrets)) for line in lines if not _DUMP.match(line.text)
    )


def _hidden(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return _LONG.sub(MASK, text)
