"""Draft connections and the facts around them, for the tests of their rules."""

from __future__ import annotations

from dataclasses import replace

from console.core.errors import Violation
from tests.vpn.domain.values import ident
from vpn.domain.checks.connections import connection_violations
from vpn.domain.connection_drafts import ConnectionDraft, ConnectionFacts, Sibling

GOOD = ConnectionDraft(
    name="to-branch",
    peer_address="203.0.113.9",
    psk="VPNDemoPassword",
    local_cidrs=("192.168.100.0/24",),
    peer_cidrs=("192.168.0.0/24",),
)
FACTS = ConnectionFacts(public_address="203.0.113.1")
OVERLAP = "vpn_connection_cidr_overlap"


def sibling(name: str = "other", **changes: object) -> Sibling:
    given_fields: dict[str, object] = {
        "id": ident("sibling", name),
        "name": name,
        "peer_address": "203.0.113.8",
        "local_cidrs": ("192.168.100.0/24",),
        "peer_cidrs": ("172.16.0.0/24",),
    }
    return Sibling(**{**given_fields, **changes})


def broken(facts: ConnectionFacts = FACTS, **changes: object) -> list[Violation]:
    return connection_violations(replace(GOOD, **changes), facts=facts)


def found(facts: ConnectionFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in broken(facts, **changes)]
