"""What must hold for every spec and every state, found by hypothesis on the simulated driver."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, EspOffer, IkeVersion, Proposal
from tests.vpn.domain.values import connection, gateway
from vpn.domain.actions import DropPeer, Initiate, LoadPeer, Terminate
from vpn.domain.peers import peers
from vpn.domain.plan import Plan, Step, plan
from vpn.domain.spec import ConnectionSpec, GatewaySpec
from vpn.domain.state import GatewayState
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver

ESP = (AUTO_ESP, EspOffer(Proposal(("aes128",), ("sha1",)), 600))
NETS = [f"10.{n}.0.0/24" for n in range(20, 24)]
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def connections(draw: st.DrawFn, number: int) -> ConnectionSpec:
    peer = draw(st.integers(2, 3))
    return connection(
        f"c{number}",
        peer=f"203.0.113.{peer}",
        remote=draw(st.lists(st.sampled_from(NETS), min_size=1, max_size=3, unique=True)),
        local=[f"10.{number}.0.0/24"],
        enabled=draw(st.booleans()),
        initiate=draw(st.booleans()),
        esp=draw(st.sampled_from(ESP)),
        ike=replace(AUTO_IKE, version=draw(st.sampled_from(list(IkeVersion)))),
        psk_id=draw(st.sampled_from(["k1", "k2"])),
        dpd=draw(st.sampled_from([0, 2])),
    )


@st.composite
def gateways(draw: st.DrawFn) -> GatewaySpec:
    chosen = [draw(connections(number)) for number in range(draw(st.integers(0, 3)))]
    return gateway(*chosen)


def mirror(spec: GatewaySpec, address: str) -> GatewaySpec:
    """The gateway at the other end of all connections to `address`."""
    far = [
        replace(
            connection(
                c.name,
                peer=c.local_id,
                own=address,
                local=list(dict.fromkeys(s.remote for s in c.selectors)),
                remote=list(dict.fromkeys(s.local for s in c.selectors)),
                esp=c.esp,
                initiate=False,
            ),
            ike=c.ike,
        )
        for c in spec.connections
        if c.peer_address == address
    ]
    return gateway(*far, name=f"far-{address}", public=address)


def observe(driver: SimulatedDriver, spec: GatewaySpec) -> GatewayState:
    return GatewayState(datetime.now(UTC), driver.observe(spec.members))


def settle(driver: SimulatedDriver, spec: GatewaySpec, *, later: int = 0) -> Plan:
    todo = plan(spec, observe(driver, spec), now=datetime.now(UTC) + timedelta(seconds=later))
    for step in todo.steps:
        driver.apply(step.member, step.action, generation=spec.generation)
    return todo


def spis(driver: SimulatedDriver, spec: GatewaySpec) -> dict[tuple[UUID, str], str]:
    return {
        (ident, child.name): child.spi_in
        for ident, state in driver.observe(spec.members).items()
        for sa in state.sas
        for child in sa.children
    }


@quick
@given(spec=gateways(), cut=st.integers(0, 30), killed=st.sampled_from([None, 0, 1]))
def test_one_run_is_enough_however_the_last_one_ended(
    spec: GatewaySpec, cut: int, killed: int | None
) -> None:
    # However slow the machine is, nothing becomes due meanwhile.
    began = datetime.now(UTC)
    with TemporaryDirectory() as folder:
        driver = SimulatedDriver(DriverConfig(Path(folder), "t", "203.0.113.0/24"))
        for step in plan(spec, observe(driver, spec), now=datetime.now(UTC)).steps[:cut]:
            driver.apply(step.member, step.action, generation=1)
        if killed is not None and driver.observe(spec.members)[spec.members[killed].id].exists:
            driver.kill(spec.members[killed].id)
        settle(driver, spec)
        again = plan(spec, observe(driver, spec), now=began)
        assert again.steps == ()
        roles = [state.role for state in driver.observe(spec.members).values()]
        assert sorted(r.value for r in roles if r) == ["active", "standby"]


@quick
@given(before=gateways(), after=gateways())
def test_an_edit_touches_only_what_changed(before: GatewaySpec, after: GatewaySpec) -> None:
    with TemporaryDirectory() as folder:
        driver = SimulatedDriver(DriverConfig(Path(folder), "t", "203.0.113.0/24"))
        for address in ("203.0.113.2", "203.0.113.3"):
            settle(driver, mirror(before, address))
        for later in (0, 100, 200):
            settle(driver, before, later=later)
        old = spis(driver, before)
        todo = settle(driver, after)
        same = unchanged(before, after)
        named = {step.action.child for step in todo.steps if isinstance(step.action, Terminate)}
        whole = {peer for step in todo.steps if (peer := _whole_peer(step))}
        assert not named & same
        assert not whole & {peer.name for peer in peers(after) if {c.name for c in peer.children} & same}
        new = spis(driver, after)
        for key, spi in old.items():
            if key[1] in same:
                assert new.get(key) == spi


def _whole_peer(step: Step) -> str:
    action = step.action
    if isinstance(action, DropPeer):
        return action.name
    return action.peer if isinstance(action, Terminate) and not action.child else ""


def unchanged(before: GatewaySpec, after: GatewaySpec) -> set[str]:
    """Names of children that are the same in both, under a peer that is the same."""
    old = {peer.name: peer for peer in peers(before)}
    return {
        child.name
        for peer in peers(after)
        if peer.name in old and old[peer.name].as_loaded().fingerprint == peer.as_loaded().fingerprint
        for child in peer.children
        if child.as_loaded() in [c.as_loaded() for c in old[peer.name].children if c.name == child.name]
    }


@quick
@given(before=gateways(), after=gateways(), cut=st.integers(0, 20))
def test_an_edit_that_was_cut_short_reaches_the_same_end(
    before: GatewaySpec, after: GatewaySpec, cut: int
) -> None:
    began = datetime.now(UTC)
    with TemporaryDirectory() as folder:
        driver = SimulatedDriver(DriverConfig(Path(folder), "t", "203.0.113.0/24"))
        settle(driver, before)
        for step in plan(after, observe(driver, after), now=datetime.now(UTC)).steps[:cut]:
            driver.apply(step.member, step.action, generation=1)
        settle(driver, after)
        assert plan(after, observe(driver, after), now=began).steps == ()
        states = driver.observe(after.members)
        wanted = {p.name: p.as_loaded() for p in peers(after)}
        for state in states.values():
            assert state.loaded == wanted
            assert {c.name for sa in state.sas for c in sa.children} <= {
                name for one in wanted.values() for name in one.children
            }


@quick
@given(spec=gateways())
def test_only_the_active_member_initiates_and_loads_come_before(spec: GatewaySpec) -> None:
    todo = plan(spec, GatewayState(datetime.now(UTC), {}), now=datetime.now(UTC))
    loaded: set[str] = set()
    for step in todo.steps:
        if isinstance(step.action, LoadPeer):
            loaded |= {child.name for child in step.action.peer.children}
        if isinstance(step.action, Initiate):
            assert step.member.id == todo.active
            assert step.action.child in loaded
    assert todo.active == spec.members[0].id
