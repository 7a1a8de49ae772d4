"""Route mode, which is not served: what is said of it, and what versions before it mean."""

from __future__ import annotations

import pytest

from tests.factories import Party, errors_of, make_connection, make_gateway, make_subnet, path_of

BEFORE, SINCE = "2020-11-12&generation=2", "2020-11-13&generation=2"
CLASSIC = "2026-10-06&generation=1"


@pytest.mark.parametrize(("version", "status"), [(BEFORE, 201), (CLASSIC, 201), (SINCE, 400)])
def test_without_a_mode_it_is_policy_until_there_is_another(ana: Party, version: str, status: int) -> None:
    body = {"subnet": {"id": str(make_subnet(ana).pk)}, "name": "old"}
    answer = ana.api.post("/v1/vpn_gateways", body, version=version)
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["mode"] == "policy"
        renamed = ana.api.patch(answer.json()["href"], {"name": "new"}, version=version)
        assert renamed.json()["name"] == "new"
    else:
        assert errors_of(answer) == [("validation_enum", "mode")]


def test_route_mode_is_refused_in_every_version(ana: Party) -> None:
    body = {"subnet": {"id": str(make_subnet(ana).pk)}, "mode": "route"}
    for version in (BEFORE, SINCE):
        answer = ana.api.post("/v1/vpn_gateways", body, version=version)
        assert errors_of(answer) == [("validation_enum", "mode")]


def test_older_clients_find_the_address_and_the_mode_where_they_look(ana: Party) -> None:
    gateway = make_gateway(ana)
    row = make_connection(ana, gateway)
    old, new = (ana.api.get(path_of(gateway), version=v).json() for v in (BEFORE, SINCE))
    assert old["public_ip"] == {"address": gateway.public_address} and "public_ip" not in new
    assert old["mode"] == new["mode"] == "policy"
    assert old["members"] == new["members"]
    old, new = (ana.api.get(path_of(row), version=v).json() for v in (BEFORE, SINCE))
    assert old["route_mode"] == "policy" and "route_mode" not in new
