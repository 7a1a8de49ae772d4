"""`?dry_run=true` of deletions and CIDRs: reports how many tunnels end, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from console.core.actor import Role
from console.core.models import AuditEvent
from tests.factories import (
    PSK,
    Party,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    path_of,
)
from tests.vpn.api.test_key_reads import reads
from tests.vpn.up import up
from vpn.models import Connection, ConnectionCidr, Gateway

DRY = "?dry_run=true"
TODAY = "2026-01-01&generation=2"
LOCAL, PEERS = "192.168.100.0/24", ["10.0.0.0/24", "10.5.0.0/16"]


def existing_rows() -> list[Any]:
    """All that a change could change."""
    return [
        list(Connection.objects.order_by("pk").values()),
        list(ConnectionCidr.objects.order_by("pk").values()),
        list(Gateway.objects.order_by("pk").values()),
        AuditEvent.objects.count(),
    ]


def tried(party: Party, method: str, path: str, callbacks: Any, version: str = TODAY) -> dict[str, Any]:
    api = party.api
    before = existing_rows()
    with callbacks() as requested:
        response = api(method, path + DRY, version=version)
    assert response.status_code == 200, response.content
    assert existing_rows() == before and requested == []
    body: dict[str, Any] = response.json()
    assert body.keys() == {"dry_run", "interrupted_connections", "warnings"} and body["dry_run"] is True
    codes = [one["code"] for one in body["warnings"]]
    assert codes == ["tunnel_interrupted"] * bool(body["interrupted_connections"])
    return body


@pytest.mark.parametrize("version", ["2019-01-01", TODAY])
def test_the_deletion_of_a_connection(
    ana: Party, version: str, django_capture_on_commit_callbacks: Any
) -> None:
    row = make_connection(ana)
    for ends in (0, 1):
        body = tried(ana, "DELETE", path_of(row), django_capture_on_commit_callbacks, version)
        assert body["interrupted_connections"] == ends
        up(row)
    assert body["warnings"][0]["message"] == (
        f"1 tunnel that is up ends: {row.name}: the connection is deleted."
    )
    assert ana.api.delete(path_of(row)).status_code in (202, 204)


def test_the_deletion_of_a_gateway(ana: Party, django_capture_on_commit_callbacks: Any) -> None:
    gateway = make_gateway(ana)
    rows = [make_connection(ana, gateway, n) for n in range(4)]
    for row in rows[1:]:
        up(row)
    # What is disabled ends already.
    Connection.objects.filter(pk=rows[3].pk).update(admin_state_up=False)
    body = tried(ana, "DELETE", path_of(gateway), django_capture_on_commit_callbacks)
    assert body["interrupted_connections"] == 2
    message = body["warnings"][0]["message"]
    assert message.startswith("2 tunnels that are up end: ") and "the gateway is deleted" in message
    ana.api.delete(path_of(gateway))
    assert (
        tried(ana, "DELETE", path_of(gateway), django_capture_on_commit_callbacks)["interrupted_connections"]
        == 0
    )


@pytest.mark.parametrize(
    ("version", "places"), [("2019-01-01", "{}_cidrs"), (TODAY, "{}/cidrs"), (TODAY, "{}_cidrs")]
)
def test_cidrs(ana: Party, version: str, places: str, django_capture_on_commit_callbacks: Any) -> None:
    """One that is added ends nothing, one that is removed ends its own pairs."""
    row = up(make_connection(ana, local_cidrs=[LOCAL, "192.168.7.0/24"], peer_cidrs=PEERS))

    def cidr(method: str, side: str, text: str) -> dict[str, Any]:
        path = f"{path_of(row)}/{places.format(side)}/{text}"
        return tried(ana, method, path, django_capture_on_commit_callbacks, version)

    for side, new, old in (("local", "192.168.8.0/24", LOCAL), ("peer", "10.77.0.0/24", PEERS[1])):
        assert cidr("PUT", side, new)["interrupted_connections"] == 0
        assert cidr("PUT", side, old)["interrupted_connections"] == 0
        ended = cidr("DELETE", side, old)
        assert ended["interrupted_connections"] == 1
        message = ended["warnings"][0]["message"]
        assert message.startswith(f"CIDR pairs of 1 tunnel end, others go on: {row.name}: ")
        assert old in message
    up(row, pairs=[(LOCAL, PEERS[0])])
    assert cidr("DELETE", "peer", PEERS[1])["interrupted_connections"] == 0
    message = cidr("DELETE", "local", LOCAL)["warnings"][0]["message"]
    assert message == f"1 tunnel that is up ends: {row.name}: no CIDR pair that is up remains."


def test_policies_that_nobody_uses(ana: Party, django_capture_on_commit_callbacks: Any) -> None:
    for kind, make in (("ike", make_ike_policy), ("ipsec", make_ipsec_policy)):
        used, unused = make(ana), make(ana)
        up(make_connection(ana, **{f"{kind}_policy": {"id": str(used.pk)}}))
        path = f"/v1/{kind}_policies"
        body = tried(ana, "DELETE", f"{path}/{unused.pk}", django_capture_on_commit_callbacks)
        assert body["interrupted_connections"] == 0
        refused = ana.api.delete(f"{path}/{used.pk}{DRY}")
        assert (refused.status_code, errors_of(refused)) == (409, [(f"{kind}_policy_in_use", "id")])
        assert ana.api.get(f"{path}/{unused.pk}").status_code == 200


def test_refusals_are_those_of_the_real_operation(ana: Party, ben: Party) -> None:
    """Rights, what is not one's own, mistakes, and If-Match."""
    row = up(make_connection(ana))
    paths = [
        (method, f"{path_of(row)}/{side}_cidrs/{cidr}")
        for method in ("PUT", "DELETE")
        for side in ("local", "peer")
        for cidr in ("10.0.0.0/24", "10.0.0.5/24", "192.168.100.0/24", "x/1")
    ]
    paths += [("DELETE", path_of(row)), ("DELETE", path_of(row.gateway)), ("DELETE", f"{path_of(row)}x")]
    paths += [("DELETE", f"/v1/{kind}_policies/{row.pk}") for kind in ("ike", "ipsec")]
    before = existing_rows()[:3]
    for api in (ben.api, ana.api_as(Role.VIEWER), ana.api_as(Role.OPERATOR)):
        for method, path in paths:
            dry, wet = api(method, path + DRY), api(method, path)
            assert (dry.status_code, errors_of(dry)) == (wet.status_code, errors_of(wet)), (method, path)
            assert dry.status_code in (400, 403, 404)
    for method, path in paths:
        if method == "PUT" or path.endswith(("/24", "/1")):
            dry = ana.api(method, path + DRY)
            if dry.status_code != 200:
                wet = ana.api(method, path)
                assert errors_of(dry) == errors_of(wet), (method, path)
    assert existing_rows()[:3] == before
    stale = ana.api("DELETE", path_of(row) + DRY, version=TODAY, headers={"If-Match": '"old"'})
    assert stale.status_code == 412


def test_a_trial_discloses_no_key(ana: Party) -> None:
    """The event of a disclosure would be undone with the rest: so there is none, and later ones count."""
    row = up(make_connection(ana))
    shown = ana.api.patch(path_of(row) + DRY, {"name": "renamed"})
    assert PSK not in shown.content.decode() and reads(row) == []
    assert ana.api.get(path_of(row)).json()["psk"] == PSK
    assert len(reads(row)) == 1


def test_a_shared_ike_sa_of_an_older_form_goes_along(ana: Party) -> None:
    """With it, what is negotiated again under it takes the tunnels of all who share it along."""
    gateway, policy = make_gateway(ana), make_ipsec_policy(ana, encryption_algorithm="aes256", pfs="disabled")
    peer = {"peer_address": "203.0.113.50"}
    ours = make_connection(ana, gateway, 1, ipsec_policy={"id": str(policy.pk)}, **peer)
    beside = up(make_connection(ana, gateway, 2, **peer))
    up(make_connection(ana, gateway, 3))
    path, body = f"/v1/ipsec_policies/{policy.pk}{DRY}", {"encryption_algorithm": "aes128"}
    up(ours)
    assert ana.api.patch(path, body).json()["interrupted_connections"] == 1
    up(ours, older=True)
    found = ana.api.patch(path, body).json()
    assert found["interrupted_connections"] == 2
    assert f"{beside.name}: it shares an IKE SA" in found["warnings"][0]["message"]
    # What ends for good takes nothing along.
    assert ana.api.delete(path_of(ours) + DRY).json()["interrupted_connections"] == 1


def test_a_name_with_another_spelling_is_resolved_again(ana: Party) -> None:
    """Until then the peer has no address, and no tunnel."""
    fields = {"peer_fqdn": "vpn.example.com", "api_generation": 2, "name": "by-name"}
    gateway = make_gateway(ana)
    identity = {"type": "fqdn", "value": "peer.example.com"}
    row = make_connection(ana, gateway, 1, **fields, peer_identity=identity, peer_address="")
    Connection.objects.filter(pk=row.pk).update(resolved_address="203.0.113.77")
    up(row)
    body = {"peer": {"fqdn": "VPN.example.com"}}
    found = ana.api("PATCH", path_of(row) + DRY, body, version=TODAY).json()
    assert found["interrupted_connections"] == 1, found


def test_a_cidr_that_the_peer_may_refuse_under_an_older_ike_sa(ana: Party) -> None:
    """It is not certain beforehand, so it is reported but not counted."""
    row = make_connection(ana)
    path = f"{path_of(row)}/peer/cidrs/10.9.0.0/16"
    for older in (False, True):
        up(row, older=older)
        body = ana.api("PUT", path + DRY, version=TODAY).json()
        assert body["interrupted_connections"] == 0
        assert [one["code"] for one in body["warnings"]] == ["tunnel_may_be_interrupted"] * older
    assert body["warnings"][0]["message"].startswith(f"1 tunnel may end and be negotiated again: {row.name}")
