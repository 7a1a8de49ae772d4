"""IKE identities of connections, in the API of today."""

from __future__ import annotations

import pytest

from tests.factories import Party, errors_of, make_gateway, path_of
from tests.vpn.api.test_versions import NEWEST, body_2
from vpn.models import Connection

# The address that charon reads as "anybody".
NOBODY = ".".join("0000")


def test_identities_are_kept_and_shown(ana: Party) -> None:
    gateway = make_gateway(ana)
    fqdn, key = {"type": "fqdn", "value": "vpn.example.com"}, {"type": "key_id", "value": "AAEC"}
    body = body_2()
    body["local"]["ike_identities"], body["peer"]["ike_identity"] = [fqdn], key
    made = ana.api.post(f"{path_of(gateway)}/connections", body, version=NEWEST).json()
    assert (made["local"]["ike_identities"], made["peer"]["ike_identity"]) == ([fqdn], key)
    row = Connection.objects.select_related("gateway").get()
    assert (row.local_identity_text(), row.peer_identity_text()) == ("@vpn.example.com", "@#000102")
    moved = ana.api.patch(path_of(row), {"peer": {"address": "203.0.113.77"}}, version=NEWEST).json()
    assert moved["peer"]["ike_identity"] == key
    for change in ({"local": {"ike_identities": [fqdn]}}, {"peer": {"ike_identity": fqdn}}):
        refused = ana.api.patch(path_of(row), change, version=NEWEST)
        assert errors_of(refused)[0][0] == "bad_field"


@pytest.mark.parametrize(
    ("kind", "value", "at"),
    [
        ("rfc822", "a@example.com", "type"),
        ("fqdn", "nodots", "value"),
        ("fqdn", "vpn.example.123", "value"),
        ("hostname", "under_score", "value"),
        ("ipv4_address", "300.1.1.1", "value"),
        ("ipv4_address", NOBODY, "value"),
        ("fqdn", "*.example.com", "value"),
        ("hostname", "%any", "value"),
        ("key_id", "not base64!", "value"),
        ("key_id", "", "value"),
    ],
)
def test_identities_that_are_none(ana: Party, kind: str, value: str, at: str) -> None:
    path = f"{path_of(make_gateway(ana))}/connections"
    wrong = {"type": kind, "value": value}
    for side, place in (("local", "local.ike_identities[0]"), ("peer", "peer.ike_identity")):
        body = body_2()
        body[side]["ike_identities" if side == "local" else "ike_identity"] = (
            [wrong] if side == "local" else wrong
        )
        refused = ana.api.post(path, body, version=NEWEST)
        assert (refused.status_code, errors_of(refused)[0][1]) == (400, f"{place}.{at}")


def test_one_local_identity_is_what_a_policy_mode_connection_has(ana: Party) -> None:
    body = body_2()
    body["local"]["ike_identities"] = [{"type": "fqdn", "value": f"{n}.example.com"} for n in "ab"]
    refused = ana.api.post(f"{path_of(make_gateway(ana))}/connections", body, version=NEWEST)
    assert errors_of(refused) == [("validation_max_value", "local.ike_identities")]
