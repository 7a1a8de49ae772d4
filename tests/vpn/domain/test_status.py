from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.vpn.domain.values import NOW, child, connection, gateway, sa, settled, with_member
from vpn.domain.peers import peers
from vpn.domain.reasons import Code, reason, remedy, unresolved
from vpn.domain.spec import GatewaySpec, MemberRole
from vpn.domain.state import GatewayState, MemberState, Reason, Silence
from vpn.domain.status import (
    DEGRADED_AFTER,
    FAILED_AFTER,
    ConnectionStatus,
    GatewayStatus,
    HealthState,
    LifecycleState,
    derive_status,
    is_applied,
)

SILENT = reason(Code.PEER_NOT_RESPONDING)


def status_of(spec: GatewaySpec, state: GatewayState, **more: object) -> GatewayStatus:
    return derive_status(spec, state, now=NOW, **more)


def only(spec: GatewaySpec, state: GatewayState) -> ConnectionStatus:
    return status_of(spec, state).connections[spec.connections[0].id]


def nothing() -> GatewayState:
    return GatewayState(NOW, {})


def test_everything_well() -> None:
    spec = gateway(connection())
    status = status_of(spec, settled(spec))
    assert (status.lifecycle_state, status.health_state) == (LifecycleState.STABLE, HealthState.OK)
    assert (status.lifecycle_reasons, status.health_reasons, status.status) == ((), (), "available")
    assert [m.role for m in status.members.values()] == [MemberRole.ACTIVE, MemberRole.STANDBY]
    assert only(spec, settled(spec)).status == "up"


def test_pending_until_both_members_run_and_have_everything() -> None:
    spec = gateway(connection())
    assert status_of(spec, nothing()).status == "pending"
    half = with_member(settled(spec), spec.members[1].id, running=False)
    assert status_of(spec, half).status == "pending"
    bare = with_member(settled(spec), spec.members[1].id, loaded={})
    assert status_of(spec, bare).status == "pending"
    down = settled(spec, up=False)
    assert status_of(spec, down).status == "available"
    assert is_applied(spec, down, now=NOW) and not is_applied(spec, bare, now=NOW)


def test_pending_has_no_health() -> None:
    status = status_of(gateway(), nothing())
    assert status.health_state is HealthState.INAPPLICABLE
    assert {m.health_state for m in status.members.values()} == {HealthState.INAPPLICABLE}


def test_failed_after_repeated_refusals_only_while_it_never_worked() -> None:
    spec = gateway()
    assert status_of(spec, nothing(), failures=FAILED_AFTER - 1, failure="x").status == "pending"
    failed = status_of(spec, nothing(), failures=FAILED_AFTER, failure="no room on the disk")
    assert failed.status == "failed"
    assert failed.lifecycle_reasons == (Reason("internal_error", "no room on the disk"),)
    again = status_of(spec, nothing(), failures=FAILED_AFTER, failure="x", provisioned=True)
    assert again.lifecycle_state is LifecycleState.STABLE


def test_a_change_that_is_refused_again_degrades_a_gateway_that_worked() -> None:
    spec = gateway(connection())
    once = status_of(spec, settled(spec), failures=DEGRADED_AFTER - 1, failure="no room", provisioned=True)
    assert once.health_state is HealthState.OK
    again = status_of(spec, settled(spec), failures=DEGRADED_AFTER, failure="no room", provisioned=True)
    assert (again.health_state, again.status) == (HealthState.DEGRADED, "available")
    assert "no room" in again.health_reasons[0].message
    assert {member.health_state for member in again.members.values()} == {HealthState.OK}


def test_deleting_wins() -> None:
    spec = replace(gateway(connection()), deleted=True)
    status = status_of(spec, settled(gateway(connection())), provisioned=True, failures=99)
    assert (status.status, status.health_state) == ("deleting", HealthState.INAPPLICABLE)


def test_one_member_lost_is_degraded_and_still_available() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[1].id, running=False)
    status = status_of(spec, state, provisioned=True)
    assert (status.health_state, status.status) == (HealthState.DEGRADED, "available")
    assert [r.code for r in status.health_reasons] == ["internal_error"]
    assert "Member 2" in status.health_reasons[0].message
    assert status.members[spec.members[1].id].health_state is HealthState.FAULTED


def test_a_member_whose_network_configuration_drifted_is_not_ok() -> None:
    spec = gateway(connection())
    state = with_member(settled(spec), spec.members[0].id, drift="packet filter")
    status = status_of(spec, state, provisioned=True)
    assert status.health_state is HealthState.DEGRADED
    (why,) = status.health_reasons
    assert "packet filter" in why.message


def test_both_members_lost_is_faulted_and_every_tunnel_down() -> None:
    spec = gateway(connection())
    state = settled(spec)
    for member in spec.members:
        state = with_member(state, member.id, running=False)
    status = status_of(spec, state, provisioned=True)
    assert (status.health_state, status.status) == (HealthState.FAULTED, "failed")
    assert only(spec, state).status == "down"
    assert [r.code for r in only(spec, state).reasons] == ["internal_error"]


def test_a_tunnel_that_is_down_reports_what_charon_logged() -> None:
    spec = gateway(connection())
    peer = peers(spec)[0].name
    state = with_member(settled(spec, up=False), spec.members[0].id, failures={peer: SILENT})
    assert (only(spec, state).status, only(spec, state).reasons) == ("down", (SILENT,))
    assert only(spec, settled(spec, up=False)).reasons == ()


def test_an_old_failure_on_the_standby_is_not_reported() -> None:
    spec = gateway(connection())
    peer = peers(spec)[0].name
    state = with_member(settled(spec, up=False), spec.members[1].id, failures={peer: SILENT})
    assert only(spec, state).reasons == ()


def test_disabled_is_down_without_a_reason() -> None:
    spec = gateway(connection(enabled=False))
    enabled = gateway(connection())
    peer = peers(enabled)[0].name
    state = with_member(settled(enabled), spec.members[0].id, failures={peer: SILENT})
    assert (only(spec, state).status, only(spec, state).reasons) == ("down", ())


def test_up_with_a_peer_that_does_not_answer_a_probe() -> None:
    spec = gateway(connection())
    member = settled(spec).members[spec.members[0].id]
    (one,) = member.sas
    silences = {one.peer: Silence(NOW - timedelta(seconds=15), 0, 1, NOW - timedelta(seconds=5))}
    state = with_member(settled(spec), member.id, silences=silences, sas=(replace(one, awaiting=True),))
    status = only(spec, state)
    assert status.status == "up"
    assert [why.code for why in status.reasons] == [Code.PEER_NOT_RESPONDING]
    assert only(spec, with_member(settled(spec), member.id, silences=silences)).reasons == ()


def test_up_with_a_missing_pair_says_which() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    peer = peers(spec)[0]
    one = sa(peer.name, [peer.children[0].name])
    seen = only(spec, with_member(settled(spec), spec.members[0].id, sas=(one,)))
    assert (seen.status, [p.installed for p in seen.tunnels[0].pairs]) == ("up", [True, False])
    assert [r.code for r in seen.reasons] == [Code.CIDR_MISMATCH_V2]
    assert "1 of 2" in seen.reasons[0].message and "10.3.0.0/24" in seen.reasons[0].message
    failed_state = with_member(
        settled(spec),
        spec.members[0].id,
        sas=(one,),
        failures={peer.name: reason(Code.IPSEC_POLICY_MISMATCH)},
    )
    assert [r.code for r in only(spec, failed_state).reasons] == [Code.IPSEC_POLICY_MISMATCH]


def test_a_young_tunnel_is_given_time_for_its_other_pairs() -> None:
    spec = gateway(connection(remote=["10.2.0.0/24", "10.3.0.0/24"]))
    peer = peers(spec)[0]
    young = sa(peer.name, [peer.children[0].name], age=1)
    assert only(spec, with_member(settled(spec), spec.members[0].id, sas=(young,))).reasons == ()


def test_a_narrowed_pair_is_reported() -> None:
    spec = gateway(connection())
    peer = peers(spec)[0]
    narrow = child(peer.children[0].name, local=("10.1.0.0/24",), remote=("10.2.0.0/25",))
    state = with_member(settled(spec), spec.members[0].id, sas=(sa(peer.name, [narrow]),))
    assert [r.code for r in only(spec, state).reasons] == [Code.CIDR_MISMATCH_V2]
    exact = replace(narrow, remote=("10.2.0.0/24",))
    state = with_member(settled(spec), spec.members[0].id, sas=(sa(peer.name, [exact]),))
    assert only(spec, state).reasons == ()


@pytest.mark.parametrize(
    ("state", "expected"),
    [("INSTALLED", "up"), ("REKEYING", "up"), ("REKEYED", "down"), ("CREATED", "down"), ("DELETING", "down")],
)
def test_which_child_states_carry_traffic(state: str, expected: str) -> None:
    spec = gateway(connection())
    peer = peers(spec)[0]
    one = sa(peer.name, [child(peer.children[0].name, state=state)])
    assert only(spec, with_member(settled(spec), spec.members[0].id, sas=(one,))).status == expected


def test_what_was_negotiated_and_counted() -> None:
    spec = gateway(connection())
    active, standby = only(spec, settled(spec)).tunnels
    assert active.negotiated is not None
    assert active.negotiated.ike_version == 2
    assert active.negotiated.ike_suite == "aes256-sha256-modp2048"
    assert active.negotiated.esp_suite == "aes256-sha256"
    assert active.negotiated.established_at == NOW - timedelta(seconds=60)
    (pair,) = active.pairs
    assert (pair.local, pair.remote, pair.state) == ("10.1.0.0/24", "10.2.0.0/24", "installed")
    assert (pair.bytes_in, pair.packets_out, pair.spi_in) == (840, 5, "c0000001")
    assert (standby.status, standby.negotiated, standby.pairs[0].state) == ("down", None, "down")


def test_two_connections_to_one_peer_have_their_own_status() -> None:
    spec = gateway(connection(), connection("c2", local=["10.9.0.0/24"], remote=["10.3.0.0/24"]))
    (peer,) = peers(spec)
    first = [c.name for c in peer.children if c.connection_id == spec.connections[0].id]
    state = with_member(settled(spec), spec.members[0].id, sas=(sa(peer.name, first),))
    seen = status_of(spec, state).connections
    assert [seen[c.id].status for c in spec.connections] == ["up", "down"]


def test_a_member_that_was_never_seen() -> None:
    spec = gateway(connection())
    state = GatewayState(NOW, {spec.members[0].id: MemberState(spec.members[0].id)})
    status = status_of(spec, state)
    assert [m.role for m in status.members.values()] == [MemberRole.ACTIVE, MemberRole.STANDBY]


def test_every_code_has_a_sentence_and_a_remedy() -> None:
    for code in Code:
        assert reason(code).message.endswith(".")
        assert remedy(code.value).endswith(".")
    assert remedy("no_such_code") == ""


def test_a_responder_reports_that_it_waits() -> None:
    waiting = gateway(replace(connection(), initiate=False))
    (why,) = only(waiting, settled(waiting, up=False)).reasons
    assert why.code == "peer_not_responding" and "establish_mode peer_only" in why.message
    assert only(waiting, settled(waiting)).reasons == ()
    failed = with_member(
        settled(waiting, up=False), waiting.members[0].id, failures={peers(waiting)[0].name: SILENT}
    )
    assert only(waiting, failed).reasons == (SILENT,)
    off = gateway(replace(connection(), initiate=False, enabled=False))
    assert only(off, settled(off, up=False)).reasons == ()
    ours = gateway(connection())
    assert only(ours, settled(ours, up=False)).reasons == ()


def test_a_name_that_leads_nowhere_has_a_remedy_of_its_own() -> None:
    why = unresolved("vpn.example.com")
    fix = remedy(why.code, why.cause)
    assert why.code == Code.PEER_NOT_RESPONDING and fix != remedy(why.code)
    assert "spelling" in fix and "A record" in fix and "resolver" in fix and "UDP" not in fix
