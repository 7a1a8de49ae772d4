"""The predicted interruptions of a change match what the plan does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.domain.values import NOW, actions, child, connection, gateway, sa, settled, with_member
from vpn.domain.actions import DropPeer, StopMember, Terminate
from vpn.domain.interruptions import Extent, Terms, UpTunnel, endings
from vpn.domain.peers import connection_of, peers
from vpn.domain.plan import plan
from vpn.domain.reasons import UNKNOWN_CIDRS, Code, reason
from vpn.domain.spec import ConnectionSpec, DeadPeerDetection, DpdAction, GatewaySpec, Secret, Selector
from vpn.domain.state import Attempt, GatewayState, LoadedPeer

IKE = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 28800)
ESP = EspOffer(Proposal(("aes256",), ("sha256",)), 3600)
WIDE_ESP = EspOffer(Proposal(("aes256", "aes128"), ("sha256",)), 3600)
OTHER_ESP = EspOffer(Proposal(("aes128",), ("sha256",)), 3600)
SHARED = "203.0.113.50"


def _connections(version: int) -> list[ConnectionSpec]:
    """Two that share an IKE SA, and one with a peer of its own."""
    ike = replace(IKE, version=IkeVersion(version))
    usual: dict[str, Any] = {"ike": ike, "esp": WIDE_ESP, "local": ["10.1.0.0/24", "10.1.1.0/24"]}
    return [
        connection("a", peer=SHARED, remote=["10.2.0.0/24", "10.3.0.0/24"], **usual),
        connection("b", peer=SHARED, remote=["10.4.0.0/24"], **usual),
        connection("c", peer="203.0.113.51", remote=["10.5.0.0/24"], **usual),
    ]


def _pairs(*remote: str, local: tuple[str, ...] = ("10.1.0.0/24", "10.1.1.0/24")) -> tuple[Selector, ...]:
    return tuple(Selector(one, other) for one in local for other in remote)


# Of the connection a: what changes, and whose tunnels end if its IKE SA has today's form, or an older one.
CHANGES: dict[str, tuple[dict[str, Any] | None, str, str]] = {
    "name": ({"name": "other"}, "", ""),
    "establish mode": ({"initiate": False}, "", ""),
    "pre-shared key": ({"psk": Secret("k2", "another-key-1")}, "", ""),
    "dead peer detection": ({"dpd": DeadPeerDetection(DpdAction.RESTART, 2, 10)}, "", ""),
    "IPsec lifetime": ({"esp": replace(WIDE_ESP, lifetime=600)}, "", ""),
    "an algorithm that is not negotiated": ({"esp": ESP}, "", ""),
    "the negotiated algorithm": ({"esp": OTHER_ESP}, "a", "ab"),
    "restart": ({"restart_at": NOW - timedelta(seconds=1)}, "a", "ab"),
    "a CIDR added": ({"selectors": _pairs("10.2.0.0/24", "10.3.0.0/24", "10.9.0.0/24")}, "", ""),
    "a peer CIDR removed": ({"selectors": _pairs("10.2.0.0/24")}, "a", "a"),
    "a local CIDR removed": (
        {"selectors": _pairs("10.2.0.0/24", "10.3.0.0/24", local=("10.1.1.0/24",))}, "a", "a"
    ),
    "peer address": ({"peer_address": "203.0.113.99"}, "a", "a"),
    "identity": ({"remote_id": "other.example.com"}, "a", "a"),
    "disabled": ({"enabled": False}, "a", "a"),
    "deleted": (None, "a", "a"),
}  # fmt: skip


@pytest.mark.parametrize("version", [1, 2], ids=["IKEv1", "IKEv2"])
@pytest.mark.parametrize("older", [False, True], ids=["current", "older"])
@pytest.mark.parametrize(("changes", "ends", "ends_older"), CHANGES.values(), ids=CHANGES)
def test_what_is_predicted_is_what_the_plan_does(
    changes: dict[str, Any] | None, ends: str, ends_older: str, older: bool, version: int
) -> None:
    first, *others = _connections(version)
    spec = gateway(first, *others)
    after = gateway(*([replace(first, **changes)] if changes is not None else []), *others)
    predicted = _predicted(spec, after, version=version, older=older)
    assert predicted == _done(spec, after, version=version, older=older)
    assert "".join(sorted(predicted)) == (ends_older if older else ends)


@pytest.mark.parametrize("older", [False, True], ids=["current", "older"])
def test_the_offer_of_an_ike_sa(older: bool) -> None:
    """It is that of all who share it: another one alone is refused."""
    spec = gateway(*_connections(2))
    for ike, ends in (
        (replace(IKE, lifetime=600), ""),
        (replace(IKE, version=IkeVersion.ANY), ""),
        (replace(IKE, version=IkeVersion.V1), "ab"),
        (replace(IKE, proposal=Proposal(("aes128",), ("sha256",), (14,))), "ab"),
        (replace(IKE, proposal=Proposal(("aes256", "aes128"), ("sha256",), (19, 14))), ""),
    ):
        changed = [replace(c, ike=ike) if c.peer_address == SHARED else c for c in spec.connections]
        after = gateway(*changed)
        predicted = _predicted(spec, after, older=older)
        assert predicted == _done(spec, after, older=older)
        assert "".join(sorted(predicted)) == ends, ike


def test_the_deletion_of_a_gateway_ends_all() -> None:
    spec = gateway(*_connections(2))
    gone = replace(spec, deleted=True)
    assert any(isinstance(one, StopMember) for one in actions(plan(gone, settled(spec), now=NOW)))
    assert _predicted(spec, gone) == {"a", "b", "c"}


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_enabling_ends_nothing(name: str) -> None:
    whole = _connections(2)
    off = gateway(*(replace(c, enabled=c.name != name) for c in whole))
    on = gateway(*whole)
    assert _predicted(off, on) == _done(off, on) == set()
    # What was disabled but a moment ago ends already.
    assert _predicted(off, gateway(*(c for c in whole if c.name != name)), up=on) == set()


@pytest.mark.parametrize("name", ["a", "b", "c"])
@pytest.mark.parametrize("older", [False, True], ids=["current", "older"])
def test_pairs_that_the_peer_may_refuse_under_an_ike_sa_of_an_older_form(name: str, older: bool) -> None:
    spec = gateway(*_connections(2))
    more = {c.id: (*c.selectors, *_pairs("10.9.0.0/24")) for c in spec.connections if c.name == name}
    after = gateway(*(replace(c, selectors=more.get(c.id, c.selectors)) for c in spec.connections))
    predicted = _predicted(spec, after, older=older, extents={Extent.MAY})
    assert predicted == _done(spec, after, older=older, refused=True)
    assert "".join(sorted(predicted)) == ("ab" if older and name != "c" else "")


def test_enabling_a_connection_adds_its_pairs_to_the_shared_ike_sa() -> None:
    whole = _connections(2)
    off = gateway(*(replace(c, enabled=c.name != "b") for c in whole))
    on = gateway(*whole)
    assert _predicted(off, on, older=True, extents={Extent.MAY}) == {"a"}
    assert _done(off, on, older=True, refused=True) == {"a"}
    assert _predicted(off, on, extents={Extent.MAY}) == set()


def test_what_is_not_known_is_no_reason() -> None:
    spec = gateway(*_connections(2))
    unknown = [(ident, replace(one, version=0, ike_suite="", esp_suite="")) for ident, one in _tunnels(spec)]
    after = gateway(*(replace(c, esp=OTHER_ESP) for c in spec.connections))
    assert endings(_terms(spec), _terms(after), unknown) == {}


def _predicted(
    before: GatewaySpec,
    after: GatewaySpec,
    *,
    version: int = 2,
    older: bool = False,
    up: Any = None,
    extents: Collection[Extent] = (Extent.ENDS, Extent.AGAIN, Extent.PART),
) -> set[str]:
    tunnels = _tunnels(up or before, version=version, older=older)
    found = endings(_terms(up or before) | _terms(before), _terms(after), tunnels)
    return {_names(up or before)[ident] for ident, one in found.items() if one.extent in extents}


def _terms(spec: GatewaySpec) -> dict[UUID, Terms]:
    return {
        c.id: Terms(
            off="deleted" if spec.deleted else "" if c.enabled else "disabled",
            peer=c.peer_address,
            local_id=c.local_id,
            remote_id=c.remote_id,
            ike=c.ike,
            esp=c.esp,
            pairs=frozenset(c.selectors),
            gateway=spec.id,
            restart_at=c.restart_at,
        )
        for c in spec.connections
    }


def _tunnels(spec: GatewaySpec, *, version: int = 2, older: bool = False) -> list[tuple[UUID, UpTunnel]]:
    usual = (version, "aes256-sha256-modp2048", "aes256-sha256")
    enabled = [c for c in spec.connections if c.enabled]
    return [
        (c.id, UpTunnel(*usual, frozenset(c.selectors), older=older and c.peer_address == SHARED))
        for c in enabled
    ]


def _names(spec: GatewaySpec) -> dict[UUID, str]:
    return {c.id: c.name for c in spec.connections}


def _done(
    before: GatewaySpec, after: GatewaySpec, *, version: int = 2, older: bool = False, refused: bool = False
) -> set[str]:
    """The connections whose CHILD_SAs the plan ends, all or some; `refused`: the peer has refused what
    was added, which is loaded."""
    state = _up(before, version=version, older=older)
    if refused:
        loaded = _loaded(after, older=older)
        failures = dict.fromkeys(loaded, reason(Code.CIDR_MISMATCH_V2, UNKNOWN_CIDRS))
        attempts = dict.fromkeys(loaded, Attempt(5, NOW))
        known = {"failures": failures, "attempts": attempts, "loaded": loaded}
        state = with_member(state, before.members[0].id, **known)
    ours = state.members[before.members[0].id]
    ended: set[str] = set()
    for action in actions(plan(after, state, now=NOW), 0):
        if isinstance(action, Terminate | DropPeer):
            name = action.name if isinstance(action, DropPeer) else action.peer
            one = getattr(action, "child", "")
            known = [c.name for s in ours.sas if s.peer == name for c in s.children]
            ended |= {one} if one else set(known)
    names = {str(ident): name for ident, name in _names(before).items()}
    return {names[connection_of(one)] for one in ended}


def _up(spec: GatewaySpec, *, version: int, older: bool) -> GatewayState:
    sas = tuple(
        replace(sa(peer.name, [child(c.name) for c in peer.children]), version=version, unique_id=str(number))
        for number, peer in enumerate(peers(spec), start=1)
    )
    return with_member(settled(spec), spec.members[0].id, loaded=_loaded(spec, older=older), sas=sas)


def _loaded(spec: GatewaySpec, *, older: bool) -> dict[str, LoadedPeer]:
    return {
        peer.name: replace(peer.as_loaded(), older=older and peer.peer_address == SHARED)
        for peer in peers(spec)
    }
