"""The log of a simulated member about one peer, from its document: attempts, failures, tunnels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from vpn.domain.log import LogLine
from vpn.drivers.elapsed import to_wall_clock
from vpn.drivers.simulated.documents import Document, clearest_failures


def peer_log(document: Document, peer: str, limit: int) -> tuple[LogLine, ...]:
    """The newest line last. Of several attempts only the last one is known."""
    lines = sorted(_lines(document, peer), key=lambda line: line.at or datetime.min.replace(tzinfo=UTC))
    return tuple(lines[-limit:])


def _lines(document: Document, peer: str) -> Iterator[LogLine]:
    conf, sa = document["loaded"].get(peer), document["sas"].get(peer)
    tries, failure = document["attempts"].get(peer), clearest_failures(document).get(peer)
    tried = to_wall_clock(tries["at"]) if tries else None
    for child, count in sorted(tries["children"].items()) if tries else ():
        yield LogLine(tried, "IKE", f"initiating {child} of {peer}, try {count}")
    if failure:
        yield LogLine(tried, "IKE", f"{failure.code}: {failure.message}")
    if sa is None:
        return
    ends = f"{document['public_address']}...{conf['peer_address']}" if conf else peer
    begun = "initiator" if sa["initiator"] else "responder"
    text = f"IKEv{sa['version']} IKE_SA {peer} established between {ends} as {begun}, {sa['suite']}"
    yield LogLine(_moment(sa["at"]), "IKE", text)
    for name, one in sa["children"].items():
        spis = f"SPIs {one['spi_in']}_i {one['spi_out']}_o"
        text = f"CHILD_SA {name} established with {spis} and TS {one['local']} === {one['remote']}"
        yield LogLine(_moment(one["at"]), "IKE", text)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
