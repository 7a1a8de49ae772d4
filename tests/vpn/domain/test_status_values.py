"""All that a status says about a tunnel, a member and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.vpn.domain.values import NOW, child, connection, gateway, nothing, sa, settled, with_member
from vpn.domain.peers import PeerSpec, peers
from vpn.domain.reasons import UNANSWERED, Code, reason, unresolved
from vpn.domain.spec import ConnectionSpec, GatewaySpec, MemberRole
from vpn.domain.state import ChildState, GatewayState, Reason, SaState, Silence
from vpn.domain.status import (
    SETTLED_AFTER,
    ConnectionStatus,
    HealthState,
    MemberStatus,
    Negotiated,
    PairStatus,
    TunnelStatus,
    derive_status,
)

TWO = ("10.2.0.0/24", "10.3.0.0/24")


def one_peer(made: ConnectionSpec) -> tuple[GatewaySpec, PeerSpec]:
    spec = gateway(made)
    (peer,) = peers(spec)
    return spec, peer


def seen(spec: GatewaySpec, state: GatewayState) -> ConnectionStatus:
    """The status of the only connection."""
    (status,) = derive_status(spec, state, now=NOW).connections.values()
    return status


def with_sas(spec: GatewaySpec, *sas: SaState, **changes: object) -> GatewayState:
    return with_member(settled(spec), spec.members[0].id, sas=sas, **changes)


def counted(name: str, **changes: object) -> ChildState:
    given = {
        "spi_in": "c1",
        "spi_out": "c2",
        "bytes_in": 1,
        "bytes_out": 2,
        "packets_in": 3,
        "packets_out": 4,
    }
    return replace(child(name), **{**given, **changes})


def test_a_tunnel_that_is_up_and_the_same_on_the_standby() -> None:
    spec, peer = one_peer(connection())
    (name,) = (one.name for one in peer.children)
    up = replace(sa(peer.name, [counted(name)]), nat=True)
    loaded = {peer.name: replace(peer.as_loaded(), older=True)}
    active, standby = spec.members
    (one,) = spec.connections
    suites = ("aes256-sha256-modp2048", "aes256-sha256")
    negotiated = Negotiated(2, *suites, nat=True, established_at=NOW - timedelta(seconds=60), rekey_in=1000)
    pair = PairStatus("10.1.0.0/24", "10.2.0.0/24", "installed", "c1", "c2", 1, 2, 3, 4, rekey_in=500)
    down = PairStatus("10.1.0.0/24", "10.2.0.0/24", "down")
    for state, older in ((with_sas(spec, up), False), (with_sas(spec, up, loaded=loaded), True)):
        assert seen(spec, state) == ConnectionStatus(
            one.id,
            "up",
            (),
            (
                TunnelStatus(one.id, active.id, "up", (), replace(negotiated, older=older), (pair,)),
                TunnelStatus(one.id, standby.id, "down", (), None, (down,)),
            ),
        )


def test_of_several_children_the_newest_counts() -> None:
    """During a rekeying; of two of one age the one that charon lists last, because it was added last."""
    spec, peer = one_peer(connection())
    (name,) = (one.name for one in peer.children)
    for first, second, newest in ((60, 5, "b"), (5, 60, "a"), (5, 5, "b")):
        both = [
            counted(name, spi_in="a", installed_for=first),
            counted(name, spi_in="b", installed_for=second),
        ]
        (pair,) = seen(spec, with_sas(spec, sa(peer.name, both))).tunnels[0].pairs
        assert pair.spi_in == newest


def test_members_that_were_never_observed() -> None:
    spec, _ = one_peer(connection())
    for state in (nothing(spec), GatewayState(NOW, {})):
        status = derive_status(spec, state, now=NOW)
        roles = (MemberRole.ACTIVE, MemberRole.STANDBY)
        assert list(status.members.values()) == [
            MemberStatus(member.id, role, HealthState.INAPPLICABLE)
            for member, role in zip(spec.members, roles, strict=True)
        ]
        down = seen(spec, state)
        assert [tunnel.member_id for tunnel in down.tunnels] == [member.id for member in spec.members]
        assert down.reasons == (Reason("internal_error", "No member of the gateway is running."),)


def test_what_is_wrong_with_a_member() -> None:
    spec, _ = one_peer(connection())
    active, standby = spec.members
    stopped = Reason("internal_error", "Member 2 is not running; it is being restarted.")
    lost = Reason(
        "internal_error",
        "Member 1 lost its links, or they were changed by another program; they are being restored.",
    )
    state = with_member(with_member(settled(spec), active.id, drift="links"), standby.id, running=False)
    status = derive_status(spec, state, now=NOW, provisioned=True)
    assert status.members == {
        active.id: MemberStatus(active.id, MemberRole.ACTIVE, HealthState.FAULTED, (lost,)),
        standby.id: MemberStatus(standby.id, MemberRole.STANDBY, HealthState.FAULTED, (stopped,)),
    }
    assert (status.health_state, status.health_reasons) == (HealthState.FAULTED, (lost, stopped))
    well = derive_status(spec, settled(spec), now=NOW)
    assert well.members[active.id] == MemberStatus(active.id, MemberRole.ACTIVE, HealthState.OK)


@pytest.mark.parametrize("fault", ["", "addresses in 127.0.0.0/8"])
def test_a_peer_whose_name_has_no_address(fault: str) -> None:
    made = replace(connection(peer=""), peer_name="vpn.example.com", name_fault=fault)
    spec = gateway(made)
    pair = PairStatus("10.1.0.0/24", "10.2.0.0/24", "down")
    assert seen(spec, settled(spec)) == ConnectionStatus(
        made.id,
        "down",
        (unresolved("vpn.example.com", fault),),
        tuple(TunnelStatus(made.id, member.id, "down", (), None, (pair,)) for member in spec.members),
    )
    off = gateway(replace(made, enabled=False))
    assert seen(off, settled(off)).reasons == ()


@pytest.mark.parametrize(("age", "reported"), [(SETTLED_AFTER - 1, False), (SETTLED_AFTER, True)])
@pytest.mark.parametrize(("version", "code"), [(1, Code.CIDR_MISMATCH_V1), (2, Code.CIDR_MISMATCH_V2)])
def test_missing_pairs(version: int, code: Code, age: int, reported: bool) -> None:
    spec, peer = one_peer(connection(remote=[*TWO, "10.4.0.0/24"]))
    up = replace(sa(peer.name, [peer.children[0].name], age=age), version=version)
    text = "Only 1 of 3 CIDR pairs are up; missing: 10.1.0.0/24 - 10.3.0.0/24, 10.1.0.0/24 - 10.4.0.0/24."
    assert seen(spec, with_sas(spec, up)).reasons == ((Reason(code.value, text),) if reported else ())


@pytest.mark.parametrize(("version", "code"), [(1, Code.CIDR_MISMATCH_V1), (2, Code.CIDR_MISMATCH_V2)])
def test_pairs_of_which_the_peer_accepts_a_part(version: int, code: Code) -> None:
    spec, peer = one_peer(connection(remote=TWO))
    narrow = [child(one.name, local=("10.1.0.0/25",), remote=(one.selector.remote,)) for one in peer.children]
    up = replace(sa(peer.name, narrow), version=version)
    text = "The peer accepts only a part of: 10.1.0.0/24 - 10.2.0.0/24, 10.1.0.0/24 - 10.3.0.0/24."
    assert seen(spec, with_sas(spec, up)).reasons == (Reason(code.value, text),)
    # What charon does not report is unknown.
    for unknown in ({"local": ()}, {"remote": ()}):
        one_side = tuple(replace(one, **unknown) for one in narrow)
        assert seen(spec, with_sas(spec, replace(up, children=one_side))).reasons == ()


def test_a_peer_that_does_not_answer_comes_before_what_is_missing() -> None:
    spec, peer = one_peer(connection(remote=TWO))
    up = replace(sa(peer.name, [peer.children[0].name]), awaiting=True)
    silence = Silence(NOW - timedelta(seconds=15), 0, 1, NOW - timedelta(seconds=5))
    text = "Only 1 of 2 CIDR pairs are up; missing: 10.1.0.0/24 - 10.3.0.0/24."
    assert seen(spec, with_sas(spec, up, silences={peer.name: silence})).reasons == (
        reason(Code.PEER_NOT_RESPONDING, UNANSWERED),
        Reason(Code.CIDR_MISMATCH_V2.value, text),
    )
