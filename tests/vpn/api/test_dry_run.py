"""All checks, warnings too, and nothing created."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.models import AuditEvent
from policies.models import IKEPolicy, IPsecPolicy
from tests.factories import (
    Party,
    connection_fields,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_subnet,
    make_vpc,
    path_of,
)
from vpn.models import Connection, Gateway, Instance, Subnet, SubnetAddress, Vpc

DRY = "?dry_run=true"
TABLES = (Gateway, Connection, IKEPolicy, IPsecPolicy, Vpc, Subnet, Instance, SubnetAddress, AuditEvent)


def counts() -> list[int]:
    return [table.objects.count() for table in TABLES]


def test_nothing_is_created(ana: Party, django_capture_on_commit_callbacks: Any) -> None:
    subnet, gateway = make_subnet(ana, make_vpc(ana)), make_gateway(ana)
    requests = {
        "/v1/vpn_gateways": {"name": "dry", "subnet": {"id": str(subnet.pk)}},
        f"{path_of(gateway)}/connections": connection_fields(1),
        "/v1/ike_policies": {
            "authentication_algorithm": "md5",
            "encryption_algorithm": "aes256",
            "dh_group": 14,
            "ike_version": 2,
        },
        "/v1/ipsec_policies": {
            "authentication_algorithm": "sha256",
            "encryption_algorithm": "aes256",
            "pfs": "group_14",
        },
        "/v1/vpcs": {"name": "dry"},
        "/v1/subnets": {"vpc": {"id": str(subnet.vpc_id)}, "ipv4_cidr_block": "192.168.7.0/24"},
        "/v1/instances": {"primary_network_interface": {"subnet": {"id": str(subnet.pk)}}},
    }
    api = ana.api
    before = counts()
    for path, body in requests.items():
        with django_capture_on_commit_callbacks() as requested:
            response = api.post(path + DRY, body)
        assert (response.status_code, response.json()["dry_run"]) == (200, True), path
        assert response.json()["would_create"]["id"]
        assert requested == []
    assert counts() == before
    for path, body in requests.items():
        assert ana.api.post(path, body).status_code == 201


def test_every_mistake_is_reported(ana: Party) -> None:
    gateway = make_gateway(ana)
    wrong = connection_fields(1, psk="x", peer_address="nowhere")
    dry = ana.api.post(f"{path_of(gateway)}/connections{DRY}", wrong)
    wet = ana.api.post(f"{path_of(gateway)}/connections", wrong)
    assert dry.status_code == wet.status_code == 400
    assert errors_of(dry) == errors_of(wet)


def test_warnings(ana: Party) -> None:
    weak = make_ike_policy(ana, authentication_algorithm="md5")
    body = connection_fields(1, psk="short1", ike_policy={"id": str(weak.pk)})
    gateway = make_gateway(ana)
    found = ana.api.post(f"{path_of(gateway)}/connections{DRY}", body).json()["warnings"]
    assert [one["code"] for one in found] == ["weak_algorithm", "short_key", "no_dead_peer_detection"]
    assert "MD5 is broken" in found[0]["message"] and "short1" not in str(found)
    policy = {"authentication_algorithm": "sha1", "encryption_algorithm": "3des", "pfs": "group_2"}
    found = ana.api.post(f"/v1/ipsec_policies{DRY}", policy).json()["warnings"]
    assert [one["message"].split()[0] for one in found] == ["PFS", "3des", "sha1"]
    dpd = {"action": "restart", "interval": 2, "timeout": 10}
    good = connection_fields(1, psk="a" * 20, dead_peer_detection=dpd)
    assert ana.api.post(f"{path_of(gateway)}/connections{DRY}", good).json()["warnings"] == []


@pytest.mark.parametrize(("word", "status"), [("false", 201), ("TRUE", 200), ("maybe", 400), ("", 400)])
def test_the_word(ana: Party, word: str, status: int) -> None:
    response = ana.api.post(f"/v1/vpcs?dry_run={word}", {"name": "dry"})
    assert response.status_code == status
    if status == 400:
        assert errors_of(response) == [("validation_enum", "dry_run")]


def test_where_there_is_no_dry_run_nothing_is_done(ana: Party) -> None:
    row = make_connection(ana)
    path = path_of(row)
    for method, where in (
        ("GET", path),
        ("GET", "/v1/vpn_gateways"),
        ("PATCH", f"/v1/vpn_gateways/{row.gateway_id}"),
        ("DELETE", f"/v1/vpcs/{row.gateway.vpc_id}"),
        ("DELETE", f"/v1/subnets/{row.gateway.subnet_id}"),
    ):
        refused = ana.api(method, where + DRY)
        assert (refused.status_code, errors_of(refused)) == (400, [("bad_request", "dry_run")]), where
        assert refused.json()["errors"][0]["target"]["type"] == "parameter"
    assert ana.api.get(path).json()["name"] == row.name
    assert ana.api.put(f"/v1/vpn_gateways{DRY}").status_code == 405
