"""The end of a member's log file, as far as it is about one peer."""

from __future__ import annotations

import os

from vpn.domain.log import LogLine, about_peer
from vpn.drivers.strongswan.names import MemberFiles
from vpn.drivers.strongswan.translate import SECOND_TRY

# Of a log that grows to 8 MB: enough for thousands of lines, read in a few milliseconds.
_TAIL = 1_000_000


def last_lines(files: MemberFiles, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
    """Empty when there is no log yet."""
    try:
        with files.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return ()
    return about_peer(text.splitlines(), names={peer, peer + SECOND_TRY}, address=address, limit=limit)
