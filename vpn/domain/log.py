"""The log of a member, as far as it is about one peer; pure.

charon writes into one log what it does for all peers. A line is about a peer when it names the
peer's connection or address, or belongs to an IKE_SA of which an earlier line did so.
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
    r"(?:<(?P<talk>[^<>]+)> )?(?P<text>.*)"
)
_BOOT = "loaded plugins: charon"
# Levels above those that are switched on print messages and keys as dumps: were one ever there,
# it would not be told.
_DUMP = re.compile(r"^\s*\d+: (?:[0-9A-F]{2} )+")
_LONG = re.compile(r"\b(?:0x)?[0-9A-Fa-f]{32,}\b|(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{40,}={0,2}")


class LogLine(NamedTuple):
    """`group` is the part of charon that speaks, such as IKE, CFG or KNL; `at` is in UTC."""

    at: datetime | None
    group: str
    text: str


class MemberLog(TypedDict):
    """As the host hands it to a page: `lines` are [time in ISO 8601 or "", group, text], the newest
    last."""

    index: int
    lines: list[list[str]]


class KeptLog(TypedDict):
    """`fault` says why there is none."""

    at: str
    fault: str
    members: list[MemberLog]


def log_key(connection_id: UUID) -> str:
    """Where the answer lies in the cache."""
    return f"tunnel-log:{connection_id}"


def about_peer(
    lines: Iterable[str], *, names: Collection[str], address: str, limit: int
) -> tuple[LogLine, ...]:
    """The last `limit` lines about the peer with these connection names and this address."""
    mentioned = _mentions(names, address)
    kept: deque[LogLine] = deque(maxlen=limit)
    talks: set[str] = set()
    for raw in lines:
        match = _LINE.match(raw)
        if not match:
            continue
        if _BOOT in match["text"]:
            # IKE_SAs are numbered from one again.
            talks.clear()
        name, _, number = (match["talk"] or "").rpartition("|")
        if name in names or number in talks or mentioned.search(match["text"]):
            if number:
                talks.add(number)
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
    """Without the given secrets, and without anything that looks like a key."""
    return tuple(
        line._replace(text=_hidden(line.text, secrets)) for line in lines if not _DUMP.match(line.text)
    )


def _hidden(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return _LONG.sub(MASK, text)
