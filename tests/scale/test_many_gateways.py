"""Hundreds of gateways on one host: the cost of a sweep without changes per gateway is constant."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import PSK, Party, make_party, make_vpc
from vpn.drivers.base import DriverConfig
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, ConnectionCidr, Gateway, GatewayMember, Subnet, Vpc
from vpn.reconcile import controller, networks, sweep
from vpn.services.connections import new_cidr

_PUBLIC, _PEER = IPv4Address("198.18.0.10"), IPv4Address("203.0.113.0")
# Queries of an observation without changes, and of the rest of the sweep with one VPC.
MOST, ITSELF = 12, 20


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedDriver:
    simulated = SimulatedDriver(DriverConfig(tmp_path / "driver", "test", settings.PROVIDER_CIDR))
    for module in (controller, networks, sweep):
        monkeypatch.setattr(module, "load_driver", lambda: simulated)
    return simulated


def _add(party: Party, vpc: Vpc, numbers: range) -> None:
    """Gateways with a connection each, one to a subnet, past the rules."""
    shared = {"account": party.account, "resource_group_id": vpc.resource_group_id}
    subnets = [
        Subnet(**shared, vpc=vpc, zone=settings.ZONES[0], name=f"s-{n}", ipv4_cidr_block=f"10.{n}.0.0/24")
        for n in numbers
    ]
    gateways = [
        Gateway(
            **shared,
            vpc=vpc,
            subnet=subnet,
            name=f"g-{n}",
            node=settings.NODE,
            public_address=str(_PUBLIC + n),
        )
        for n, subnet in zip(numbers, subnets, strict=True)
    ]
    members = [
        GatewayMember(id=uuid4(), gateway=row, index=i, private_address=f"10.{n}.0.{i + 4}", role=role)
        for n, row in zip(numbers, gateways, strict=True)
        for i, role in enumerate(("active", "standby"))
    ]
    rows = [_connection(row, n, shared) for n, row in zip(numbers, gateways, strict=True)]
    cidrs = [
        new_cidr(row, side, cidr)
        for n, row in zip(numbers, rows, strict=True)
        for side, cidr in (("local", f"10.{n}.0.0/24"), ("peer", f"172.16.{n}.0/24"))
    ]
    for model, new in (
        (Subnet, subnets),
        (Gateway, gateways),
        (GatewayMember, members),
        (Connection, rows),
        (ConnectionCidr, cidrs),
    ):
        model._default_manager.bulk_create(new)


def _connection(gateway: Gateway, number: int, shared: dict[str, object]) -> Connection:
    row = Connection(
        **shared,
        gateway=gateway,
        name="c",
        # Nothing is tried, so that nothing is due by time alone.
        establish_mode="peer_only",
        peer_address=str(_PEER + number),
        psk_changed_at=timezone.now(),
    )
    row.seal_psk(PSK)
    return row


def _quiet_sweep() -> int:
    """Statements of a sweep that finds everything as it should be, and has time for all of it."""
    sweep.sweep_host(settings.NODE, clock=lambda: 0.0)
    with CaptureQueriesContext(connection) as asked:
        sweep.sweep_host(settings.NODE, clock=lambda: 0.0)
    assert not Gateway.objects.exclude(lifecycle_state="stable", health_state="ok").exists()
    return len(asked)


@pytest.mark.django_db
def test_a_quiet_sweep_costs_each_gateway_the_same(driver: SimulatedDriver) -> None:
    party = make_party("many")
    vpc = make_vpc(party)
    costs = []
    for numbers in (range(100), range(100, 200)):
        _add(party, vpc, numbers)
        costs.append(_quiet_sweep())
    more = costs[1] - costs[0]
    assert more <= costs[0] <= more + ITSELF, "the second hundred costs as much as the first"
    assert more <= 100 * MOST
