"""Two writers at once: on one name, on the last place of a quota, on the last address."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from tests.factories import (
    Party,
    connection_fields,
    make_connection,
    make_gateway,
    make_party,
    make_subnet,
    make_vpc,
    path_of,
    raise_quotas,
)
from vpn.domain.peers import peers
from vpn.domain.state import GatewayState, MemberState, Reason
from vpn.models import Connection, ConnectionCidr, Gateway, SubnetAddress
from vpn.reconcile.clock import ticks
from vpn.reconcile.desired import load_gateway, spec_for
from vpn.reconcile.record import record_state

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 4


@pytest.fixture
def anna() -> Party:
    return make_party("anna")


def at_once(act: Callable[[int], Any]) -> list[int]:
    """The status of each writer's answer, all having begun at the same moment."""
    barrier = Barrier(WRITERS)

    def write(number: int) -> int:
        try:
            barrier.wait(timeout=30)
            return int(act(number).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS) as pool:
        return sorted(pool.map(write, range(WRITERS)))


def test_one_name(anna: Party) -> None:
    subnet, api = make_subnet(anna), anna.api
    body = {"name": "same", "subnet": {"id": str(subnet.pk)}}
    assert at_once(lambda _: api.post("/v1/vpn_gateways", body)) == [201, 400, 400, 400]
    assert Gateway.objects.count() == 1
    assert SubnetAddress.objects.count() == 2


def test_the_last_place_of_a_quota(anna: Party) -> None:
    raise_quotas(anna, gateways=2, connections_per_gateway=3)
    gateway, api = make_gateway(anna), anna.api
    subnet = {"id": str(gateway.subnet_id)}
    made = at_once(lambda n: api.post("/v1/vpn_gateways", {"name": f"g{n}", "subnet": subnet}))
    assert made == [201, 400, 400, 400]
    assert Gateway.objects.count() == 2
    for number in (10, 11):
        make_connection(anna, gateway, number)
    path = f"{path_of(gateway)}/connections"
    assert at_once(lambda n: api.post(path, connection_fields(n))) == [201, 400, 400, 400]
    assert Connection.objects.count() == 3


def test_every_gateway_gets_an_address_of_its_own(anna: Party) -> None:
    raise_quotas(anna, gateways_per_zone=10)
    vpc, api = make_vpc(anna), anna.api
    subnet = {"id": str(make_subnet(anna, vpc).pk)}
    made = at_once(lambda n: api.post("/v1/vpn_gateways", {"name": f"g{n}", "subnet": subnet}))
    assert made == [201] * WRITERS
    assert Gateway.objects.values("public_address").distinct().count() == WRITERS
    assert SubnetAddress.objects.values("address").distinct().count() == 2 * WRITERS


def test_one_cidr_set_by_all(anna: Party) -> None:
    row, api = make_connection(anna), anna.api
    generation = Gateway.objects.get().generation
    assert at_once(lambda _: api.put(f"{path_of(row)}/peer_cidrs/10.77.0.0/16")) == [204] * WRITERS
    assert ConnectionCidr.objects.filter(side="peer").count() == 2
    assert Gateway.objects.get().generation == generation + 1


def test_overlapping_cidrs_on_two_connections(anna: Party) -> None:
    api = anna.api
    gateway = make_gateway(anna)
    rows = [make_connection(anna, gateway, number) for number in range(WRITERS)]
    block = ["10.77.0.0/24", *["10.77.0.0/16"] * 3]
    made = at_once(lambda n: api.put(f"{path_of(rows[n])}/peer_cidrs/{block[n]}"))
    assert made == [204, 400, 400, 400]


def test_policies_do_not_vanish_under_a_connection(anna: Party) -> None:
    """Deleting a policy and naming it in a connection at the same time: one of both fails."""
    from tests.factories import make_ike_policy

    gateway, policy, api = make_gateway(anna), make_ike_policy(anna), anna.api
    fields = connection_fields(1, ike_policy={"id": str(policy.pk)})

    def act(number: int) -> Any:
        if number == 0:
            return api.delete(f"/v1/ike_policies/{policy.pk}")
        return api.post(f"{path_of(gateway)}/connections", {**fields, "name": "same"})

    made = at_once(act)
    assert made in ([201, 400, 400, 409], [204, 400, 400, 400])
    assert Connection.objects.filter(ike_policy=policy).count() == made.count(201)


def test_accounts_never_get_one_public_address(anna: Party) -> None:
    parties = [anna, *(make_party(f"tenant{number}") for number in range(1, WRITERS))]
    bodies = [{"subnet": {"id": str(make_subnet(party).pk)}} for party in parties]
    codes = at_once(lambda n: parties[n].api.post("/v1/vpn_gateways", bodies[n]))
    assert codes == [201] * WRITERS
    assert len(set(Gateway.objects.values_list("public_address", flat=True))) == WRITERS


def test_changes_and_observations_of_one_gateway_do_not_block_each_other(anna: Party) -> None:
    gateway = make_gateway(anna)
    rows = [make_connection(anna, gateway, number) for number in range(WRITERS)]
    spec = spec_for(load_gateway(gateway.pk))

    def observed(failed: bool) -> None:
        why = {peer.name: Reason("peer_not_responding", "No answer.") for peer in peers(spec) if failed}
        members = {m.id: MemberState(m.id, running=True, failures=why) for m in spec.members}
        record_state(
            load_gateway(gateway.pk), spec, GatewayState(timezone.now(), members, ticks()), applied=True
        )

    def act(number: int) -> Any:
        for turn in range(10):
            if number % 2:
                observed(bool(turn % 2))
            answer = anna.api.patch(path_of(rows[number]), {"name": f"name-{number}-{turn}"})
        return answer

    assert at_once(act) == [200] * WRITERS
