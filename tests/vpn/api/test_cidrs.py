from __future__ import annotations

import pytest

from console.core.actor import Role
from console.core.models import AuditEvent
from tests.factories import Party, errors_of, make_connection, path_of, raise_quotas
from vpn.models import Gateway
from vpn.services.connections import cidrs_of

SIDES = pytest.mark.parametrize("side", ["local", "peer"])
SPELLINGS = pytest.mark.parametrize(
    "spelling",
    [
        "{side}_cidrs/{address}/{length}",
        "{side}_cidrs/{address}%2F{length}",
        "{side}/cidrs/{address}/{length}",
        "{side}/cidrs/{address}%2F{length}",
        "{side}_cidrs/{address}%252F{length}",
    ],
)


@SIDES
@SPELLINGS
def test_set_check_and_take_away(ana: Party, side: str, spelling: str) -> None:
    row = make_connection(ana)
    item = f"{path_of(row)}/{spelling.format(side=side, address='10.77.0.0', length=16)}"
    listing = f"{path_of(row)}/{side}_cidrs"
    before = ana.api.get(listing).json()[f"{side}_cidrs"]
    assert errors_of(ana.api.get(item)) == [("vpn_connection_cidr_not_found", "cidr")]
    for _ in range(2):
        put = ana.api.put(item)
        assert (put.status_code, put.content) == (204, b"")
    assert ana.api.get(listing).json() == {f"{side}_cidrs": [*before, "10.77.0.0/16"]}
    assert ana.api.get(path_of(row)).json()[f"{side}_cidrs"] == [*before, "10.77.0.0/16"]
    check = ana.api.get(item)
    assert (check.status_code, check.content) == (204, b"")
    gone = ana.api.delete(item)
    assert (gone.status_code, gone.content) == (204, b"")
    assert errors_of(ana.api.delete(item)) == [("vpn_connection_cidr_not_found", "cidr")]
    assert ana.api.get(listing).json() == {f"{side}_cidrs": before}


@SIDES
def test_lists_in_both_spellings(ana: Party, side: str) -> None:
    row = make_connection(ana)
    one = ana.api.get(f"{path_of(row)}/{side}_cidrs")
    assert one.status_code == 200
    assert ana.api.get(f"{path_of(row)}/{side}/cidrs").json() == one.json()


def test_setting_again_does_nothing(ana: Party) -> None:
    row = make_connection(ana)
    item = f"{path_of(row)}/peer_cidrs/10.77.0.0/16"
    generation = Gateway.objects.get().generation
    ana.api.put(item)
    count = AuditEvent.objects.count()
    ana.api.put(item)
    assert Gateway.objects.get().generation == generation + 1
    assert AuditEvent.objects.count() == count


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.77.0.1/16", "vpn_connection_cidr_not_valid"),
        ("10.77.0.0", "vpn_connection_cidr_not_valid"),
        ("10.77.0.0/33", "vpn_connection_cidr_not_valid"),
        ("10.77.0.0/016", "vpn_connection_cidr_not_valid"),
        ("10.77.0.0/16/", "vpn_connection_cidr_not_valid"),
        ("10.77.0.0/sixteen", "vpn_connection_cidr_not_valid"),
        ("fd00::/64", "vpn_connection_cidr_not_valid"),
        ("169.254.1.0/24", "vpn_connection_cidr_not_valid"),
        ("10.0.0.0/25", "vpn_connection_cidr_overlap"),
        ("192.168.100.0/25", "vpn_connection_cidr_overlap"),
    ],
)
def test_cidrs_that_cannot_be_added(ana: Party, cidr: str, code: str) -> None:
    row = make_connection(ana)
    response = ana.api.put(f"{path_of(row)}/peer_cidrs/{cidr}")
    assert response.status_code == 400
    assert errors_of(response) == [(code, "cidr")]
    assert response.json()["errors"][0]["target"]["type"] == "parameter"
    row.refresh_from_db()
    assert cidrs_of(row) == (["192.168.100.0/24"], ["10.0.0.0/24"])


@SIDES
def test_the_last_one_stays(ana: Party, side: str) -> None:
    row = make_connection(ana)
    last = {"local": "192.168.100.0/24", "peer": "10.0.0.0/24"}[side]
    response = ana.api.delete(f"{path_of(row)}/{side}_cidrs/{last}")
    assert response.status_code == 400
    assert errors_of(response)[0][0] == "vpn_connection_cidr_not_deleted"
    assert cidrs_of(row) == (["192.168.100.0/24"], ["10.0.0.0/24"])


def test_the_quota(ana: Party) -> None:
    raise_quotas(ana, cidrs_per_connection=1)
    row = make_connection(ana)
    response = ana.api.put(f"{path_of(row)}/peer_cidrs/10.77.0.0/16")
    assert response.status_code == 400
    assert errors_of(response) == [("vpn_connection_peer_subnets_quota_exceeded_for_connection", "cidr")]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_roles_below_editor_may_only_read(ana: Party, role: Role) -> None:
    row = make_connection(ana)
    api = ana.api_as(role)
    assert api.get(f"{path_of(row)}/local_cidrs").status_code == 200
    assert api.put(f"{path_of(row)}/local_cidrs/10.77.0.0/16").status_code == 403
    assert api.delete(f"{path_of(row)}/local_cidrs/192.168.100.0/24").status_code == 403


def test_bodies_of_put_are_not_read(ana: Party) -> None:
    row = make_connection(ana)
    assert ana.api("PUT", f"{path_of(row)}/peer_cidrs/10.77.0.0/16", b"{not json").status_code == 204


def test_neither_a_cidr_nor_a_subnet_comes_where_the_other_one_is(ana: Party) -> None:
    """A VPC's own subnet is no peer CIDR, and where a connection leads there is no subnet."""
    row = make_connection(ana)
    block = str(row.gateway.subnet.ipv4_cidr_block)
    own = make_connection(ana, gateway=row.gateway, number=7, local_cidrs=["10.88.0.0/24"])
    refused = ana.api.put(f"{path_of(own)}/peer_cidrs/{block}")
    assert (refused.status_code, errors_of(refused)) == (400, [("vpn_connection_cidr_overlap", "cidr")])
    prefix = row.gateway.vpc.address_prefixes.first()
    free = f"{prefix.cidr.rpartition('.')[0]}.0/26"
    assert ana.api.put(f"{path_of(row)}/peer_cidrs/{free}").status_code == 204
    body = {"vpc": {"id": str(row.gateway.vpc_id)}, "ipv4_cidr_block": free}
    assert errors_of(ana.api.post("/v1/subnets", body)) == [("subnet_conflict", "ipv4_cidr_block")]
    assert ana.api.delete(f"{path_of(row)}/peer_cidrs/{free}").status_code == 204
    assert ana.api.post("/v1/subnets", body).status_code == 201
