"""The last lines about one peer in a member's log file."""

from __future__ import annotations

import os

from vpn.domain.log import LogLine, about_peer
from vpn.drivers.strongswan.names import MemberFiles
from vpn.drivers.strongswan.translate import SECOND_TRY

# Bytes read from the end of a log of up to 8 MB: thousands of lines, read in a few milliseconds.
_TAIL = 1_000_000


def last_lines(files: MemberFiles, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
    """Empty if there is no log yet."""

    try:
        with files.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return ()
    return about_peer(text.splitlines(), names={peer, peer + SECOND_TRY}, address=address, limit=limit)
