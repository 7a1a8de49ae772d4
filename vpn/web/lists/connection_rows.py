"""The rows of the list of connections; a whole page takes three queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policies.domain.verdicts import Strength
from vpn.models import Connection, ConnectionCidr, Gateway, Tunnel
from vpn.web.lists.cidr_search import Block, block_of
from vpn.web.overview.attention import weaknesses
from vpn.web.overview.snapshot import Suite
from vpn.web.shown import peer_gateways


@dataclass(slots=True)
class Line:
    """`up` are the CIDR pairs that are up, of `wanted`; bytes are those of the current tunnels. `matched`
    are the CIDRs that match a search; `peer_gateway` is the account's own gateway at the other end."""

    row: Connection
    local: list[str] = field(default_factory=list)
    peer: list[str] = field(default_factory=list)
    up: set[tuple[str, str]] = field(default_factory=set)
    bytes_in: int = 0
    bytes_out: int = 0
    suites: list[Suite] = field(default_factory=list)
    matched: list[str] = field(default_factory=list)
    peer_gateway: Gateway | None = None

    @property
    def word(self) -> str:
        return self.row.status if self.row.admin_state_up else "disabled"

    @property
    def is_negotiating(self) -> bool:
        """Down without a reason yet."""
        return self.word == "down" and not self.row.status_reasons

    @property
    def reason(self) -> dict[str, str] | None:
        """The first reason; None while it is up or disabled."""
        shown = self.row.admin_state_up and self.row.status_reasons
        return self.row.status_reasons[0] if shown else None

    @property
    def why(self) -> str:
        return self.reason["message"] if self.reason else ""

    @property
    def wanted(self) -> int:
        return len(self.local) * len(self.peer)

    @property
    def part(self) -> bool:
        """Whether it is up, but not for all CIDR pairs."""
        return self.word == "up" and len(self.up) < self.wanted

    @property
    def version(self) -> str:
        return f"IKEv{self.suites[0].ike_version}" if self.suites else ""

    @property
    def suite(self) -> str:
        return self.suites[0].esp if self.suites else ""

    @property
    def weak(self) -> tuple[Strength, str]:
        """The worst strength of the negotiated algorithms, and their names."""
        worst, words = weaknesses(self.suites)
        return worst, ", ".join(words)

    @property
    def since(self) -> datetime | None:
        return self.row.status_changed_at


def lines(rows: Sequence[Connection], search: str) -> list[Line]:
    """One line per row, in the same order."""
    found = {row.pk: Line(row) for row in rows}
    _add_cidrs(found, block_of(search))
    _add_tunnels(found)
    _add_peers(found)
    return list(found.values())


def _add_cidrs(found: dict[Any, Line], block: Block | None) -> None:
    cidrs = ConnectionCidr.objects.filter(connection__in=found).order_by("id")
    for key, side, cidr, first, last in cidrs.values_list("connection_id", "side", "cidr", "first", "last"):
        line = found[key]
        (line.local if side == ConnectionCidr.LOCAL else line.peer).append(cidr)
        if block and first <= block.last and last >= block.first:
            line.matched.append(f"{side} {cidr}")


def _add_peers(found: dict[Any, Line]) -> None:
    """All rows are of one account."""
    account = next((line.row.account_id for line in found.values()), None)
    own = peer_gateways(account, [line.row.address for line in found.values()]) if account else {}
    for line in found.values():
        line.peer_gateway = own.get(line.row.address)


def _add_tunnels(found: dict[Any, Line]) -> None:
    tunnels = Tunnel.objects.filter(connection__in=found).order_by("-status", "id")
    values: dict[Any, list[Any]] = defaultdict(list)
    for key, negotiated, pairs in tunnels.values_list("connection_id", "negotiated", "pairs"):
        values[key].append(pairs)
        if negotiated:
            suite = (str(negotiated[name]) for name in ("ike_version", "ike_suite", "esp_suite"))
            found[key].suites.append(Suite(*suite))
    for key, members in values.items():
        for pair in (pair for pairs in members for pair in pairs):
            found[key].bytes_in += pair["bytes_in"]
            found[key].bytes_out += pair["bytes_out"]
            if pair["state"] == "installed":
                found[key].up.add((pair["local"], pair["remote"]))
