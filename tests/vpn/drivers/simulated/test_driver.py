"""The simulated driver; the contract of both drivers is in tests/contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.domain.values import connection, gateway, ident, pair
from tests.vpn.simulation import observe, reconcile, words
from vpn.domain.actions import ConfigureNetwork, Initiate, LoadPeer, StartMember, StopMember
from vpn.domain.peers import child_name, peers
from vpn.domain.plan import plan
from vpn.domain.reasons import Code
from vpn.domain.spec import (
    ConnectionSpec,
    InstanceSpec,
    MemberRole,
    NetworkSpec,
    SubnetSpec,
)
from vpn.drivers.base import DriverConfig, DriverError, StaleGeneration
from vpn.drivers.simulated.driver import SimulatedDriver

AES = Proposal(("aes256",), ("sha256",), (14,))
DES = Proposal(("triple_des",), ("md5",), (2,))
BACK = {"peer": "203.0.113.1", "own": "203.0.113.2", "local": ["10.2.0.0/24"], "remote": ["10.1.0.0/24"]}


@pytest.fixture
def config(tmp_path: Path) -> DriverConfig:
    return DriverConfig(tmp_path / "driver", "test", "203.0.113.0/24")


@pytest.fixture
def driver(config: DriverConfig) -> SimulatedDriver:
    return SimulatedDriver(config)


def back(**changes: object) -> ConnectionSpec:
    return connection("back", **{**BACK, **changes})


def test_two_gateways_come_up_and_nothing_remains_to_be_done(driver: SimulatedDriver) -> None:
    first, second = pair()
    reconcile(driver, first, second, first)
    assert words(driver, first) == words(driver, second) == [("up", ())]
    assert [todo.steps for todo in reconcile(driver, first, second)] == [(), ()]


def test_both_ends_of_a_tunnel_know_each_other(driver: SimulatedDriver) -> None:
    first, second = pair()
    reconcile(driver, first, second)
    near = driver.observe(first.members)[first.members[0].id].sas[0]
    far = driver.observe(second.members)[second.members[0].id].sas[0]
    assert (near.children[0].spi_in, near.children[0].spi_out) == (
        far.children[0].spi_out,
        far.children[0].spi_in,
    )
    assert near.suite == "aes256-sha256-modp2048"
    assert near.children[0].suite == "aes256-sha256"
    assert {near.initiator, far.initiator} == {True, False}


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ({"psk": "wrong-key"}, {}, Code.CANNOT_AUTHENTICATE),
        (
            {"ike": IkeOffer(IkeVersion.V2, AES, 600)},
            {"ike": IkeOffer(IkeVersion.V2, DES, 600)},
            Code.IKE_POLICY_MISMATCH,
        ),
        (
            {"ike": IkeOffer(IkeVersion.V1, AES, 600)},
            {"ike": IkeOffer(IkeVersion.V2, AES, 600)},
            Code.IKE_POLICY_MISMATCH,
        ),
        (
            {"esp": EspOffer(Proposal(("aes256",), ("sha256",)), 600)},
            {"esp": EspOffer(Proposal(("aes128",), ("sha256",)), 600)},
            Code.IPSEC_POLICY_MISMATCH,
        ),
        ({"remote": ["10.3.0.0/24"]}, {}, Code.CIDR_MISMATCH_V2),
        (
            {"remote": ["10.3.0.0/24"], "ike": IkeOffer(IkeVersion.V1, AES, 600)},
            {"ike": IkeOffer(IkeVersion.V1, AES, 600)},
            Code.CIDR_MISMATCH_V1,
        ),
        (
            {"esp": EspOffer(AES, 600), "ike": IkeOffer(IkeVersion.V1, AES, 600)},
            {"ike": IkeOffer(IkeVersion.V1, AES, 600)},
            Code.IPSEC_POLICY_MISMATCH,
        ),
    ],
)
def test_a_mismatch_shows_at_both_ends(
    driver: SimulatedDriver, one: dict[str, object], other: dict[str, object], code: Code
) -> None:
    first, second = pair(connection(**one), back(**other))
    reconcile(driver, first, second)
    assert words(driver, first) == words(driver, second) == [("down", (code,))]


def test_any_version_works_with_a_peer_that_only_has_ikev1(driver: SimulatedDriver) -> None:
    first, second = pair(None, back(ike=IkeOffer(IkeVersion.V1, AES, 600), initiate=False))
    reconcile(driver, second)
    for seconds in (0, 100, 200, 300):
        now = datetime.now(UTC) + timedelta(seconds=seconds)
        for step in plan(first, observe(driver, first), now=now).steps:
            driver.apply(step.member, step.action, generation=1)
    sas = driver.observe(first.members)[first.members[0].id].sas
    assert [(sa.version, sa.suite) for sa in sas] == [(1, "aes256-sha256-modp2048")]


def test_an_unused_address_and_an_unconfigured_peer_are_distinguished(driver: SimulatedDriver) -> None:
    first, _ = pair()
    reconcile(driver, first)
    assert words(driver, first) == [("down", (Code.PEER_NOT_RESPONDING,))]
    stranger = gateway(name="g2", public="203.0.113.2")
    reconcile(driver, stranger)
    state = driver.observe(first.members)[first.members[0].id]
    driver.apply(
        first.members[0],
        Initiate(
            next(iter(state.loaded)), child_name(first.connections[0].id, first.connections[0].selectors[0])
        ),
        generation=1,
    )
    assert words(driver, first) == [("down", (Code.IKE_POLICY_MISMATCH,))]


def test_disabling_one_end_brings_both_down(driver: SimulatedDriver) -> None:
    first, second = pair()
    reconcile(driver, first, second)
    off = replace(first, connections=(replace(first.connections[0], enabled=False),))
    reconcile(driver, off)
    assert words(driver, off) == [("down", ())]
    assert words(driver, second)[0][0] == "down"


def test_a_changed_pair_leaves_the_other_child_alone(driver: SimulatedDriver) -> None:
    first, second = pair(
        connection(remote=["10.2.0.0/24", "10.3.0.0/24"]), back(local=["10.2.0.0/24", "10.3.0.0/24"])
    )
    reconcile(driver, first, second, first)
    assert words(driver, first) == [("up", ())]
    member_id = first.members[0].id
    kept = child_name(first.connections[0].id, first.connections[0].selectors[0])
    before = {c.name: c.spi_in for c in driver.observe(first.members)[member_id].sas[0].children}
    less = replace(
        first, connections=(replace(first.connections[0], selectors=first.connections[0].selectors[:1]),)
    )
    reconcile(driver, less)
    after = {c.name: c.spi_in for c in driver.observe(first.members)[member_id].sas[0].children}
    assert after == {kept: before[kept]}


def test_the_standby_takes_over_and_the_peer_follows(driver: SimulatedDriver) -> None:
    first, second = pair()
    reconcile(driver, first, second)
    driver.kill(first.members[0].id)
    reconcile(driver, first)
    states = driver.observe(first.members)
    assert [states[m.id].role for m in first.members] == [MemberRole.STANDBY, MemberRole.ACTIVE]
    assert words(driver, first) == words(driver, second) == [("up", ())]
    assert reconcile(driver, first)[0].steps == ()


def test_dead_peer_detection_notices_a_silent_death(driver: SimulatedDriver) -> None:
    first, second = pair(None, back(dpd=10))
    reconcile(driver, first, second)
    driver.kill(first.members[0].id)
    assert words(driver, second) == [("down", (Code.PEER_NOT_RESPONDING,))]


def test_deletion_leaves_nothing(driver: SimulatedDriver) -> None:
    first, second = pair()
    reconcile(driver, first, second)
    reconcile(driver, replace(first, deleted=True))
    assert {m.gateway_id for m in driver.inventory().members} == {second.id}
    assert words(driver, second)[0][0] == "down"
    assert not any(state.exists for state in driver.observe(first.members).values())


def test_an_old_generation_is_refused(driver: SimulatedDriver) -> None:
    spec = gateway()
    driver.apply(spec.members[0], StartMember(), generation=5)
    with pytest.raises(StaleGeneration):
        driver.apply(spec.members[0], StartMember(), generation=4)


def test_actions_need_a_member_that_exists_and_runs(driver: SimulatedDriver) -> None:
    spec = gateway(connection())
    load = LoadPeer(peers(spec)[0])
    with pytest.raises(DriverError, match="does not exist"):
        driver.apply(spec.members[0], load, generation=1)
    driver.apply(spec.members[0], StartMember(), generation=1)
    driver.kill(spec.members[0].id)
    with pytest.raises(DriverError, match="not running"):
        driver.apply(spec.members[0], load, generation=1)
    driver.apply(spec.members[1], StopMember(), generation=1)


def test_a_fault_on_demand_ends_with_an_empty_message(driver: SimulatedDriver) -> None:
    spec = gateway()
    driver.apply(spec.members[0], StartMember(), generation=1)
    driver.fault(spec.members[0].id, "the disk is full")
    configure_network = ConfigureNetwork(MemberRole.ACTIVE, frozenset(), frozenset())
    with pytest.raises(DriverError, match="the disk is full"):
        driver.apply(spec.members[0], configure_network, generation=1)
    driver.fault(spec.members[0].id, "")
    driver.apply(spec.members[0], configure_network, generation=1)


def test_networks_are_created_and_removed(driver: SimulatedDriver) -> None:
    subnet = SubnetSpec(ident("s"), "10.1.0.0/24", "10.1.0.1")
    instance = InstanceSpec(ident("i"), "vsi-1", subnet.id, "10.1.0.10")
    driver.apply_network(NetworkSpec(ident("vpc"), (subnet,), (instance,)))
    assert [(i.name, i.address) for i in driver.inventory().instances] == [("vsi-1", "10.1.0.10")]
    driver.remove_network(ident("vpc"))
    assert driver.inventory().instances == ()


def test_remove_all_leaves_nothing(driver: SimulatedDriver, config: DriverConfig) -> None:
    reconcile(driver, *pair())
    driver.remove_all()
    assert driver.inventory().members == ()
    assert {path.name for path in config.directory.rglob("*") if path.is_file()} <= {"lock", "changes"}
    assert all(check.ok for check in driver.check_host())
