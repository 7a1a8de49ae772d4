"""The 2019 document replayed: its tables and its five steps, call for call.

The bodies are the document's, with its placeholders filled and the slips corrected that keep
them from being JSON at all (contract section 10, rows 1 to 4 and 7). As `curl -d` does, they are
labelled as forms, and the token is in the header without the word Bearer.
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from tests.factories import Party, make_connection, make_ike_policy, make_ipsec_policy, make_subnet
from vpn.domain.states import LifecycleState
from vpn.models import Gateway, Subnet

FORM = "application/x-www-form-urlencoded"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

# The three tables of "APIs available".
TABLE = [
    ("POST", "/vpn_gateways"),
    ("GET", "/vpn_gateways"),
    ("GET", "/vpn_gateways/{id}"),
    ("DELETE", "/vpn_gateways/{id}"),
    ("PATCH", "/vpn_gateways/{id}"),
    ("POST", "/vpn_gateways/{vpn_gateway_id}/connections"),
    ("GET", "/vpn_gateways/{vpn_gateway_id}/connections"),
    ("GET", "/vpn_gateways/{vpn_gateway_id}/connections/{id}"),
    ("DELETE", "/vpn_gateways/{vpn_gateway_id}/connections/{id}"),
    ("PATCH", "/vpn_gateways/{vpn_gateway_id}/connections/{id}"),
    ("GET", "/vpn_gateways/{vpn_gateway_id}/connections/{id}/local_cidrs"),
    (
        "DELETE",
        "/vpn_gateways/{vpn_gateway_id}/connections/{id}/local_cidrs/{prefix_address}/{prefix_length}",
    ),
    ("GET", "/vpn_gateways/{vpn_gateway_id}/connections/{id}/local_cidrs/{prefix_address}/{prefix_length}"),
    ("PUT", "/vpn_gateways/{vpn_gateway_id}/connections/{id}/local_cidrs/{prefix_address}/{prefix_length}"),
    ("GET", "/vpn_gateways/{vpn_gateway_id}/connections/{id}/peer_cidrs"),
    ("DELETE", "/vpn_gateways/{vpn_gateway_id}/connections/{id}/peer_cidrs/{prefix_address}/{prefix_length}"),
    ("GET", "/vpn_gateways/{vpn_gateway_id}/connections/{id}/peer_cidrs/{prefix_address}/{prefix_length}"),
    ("PUT", "/vpn_gateways/{vpn_gateway_id}/connections/{id}/peer_cidrs/{prefix_address}/{prefix_length}"),
    *(
        (method, path.format(kind=kind))
        for kind in ("ike", "ipsec")
        for method, path in (
            ("GET", "/{kind}_policies"),
            ("POST", "/{kind}_policies"),
            ("DELETE", "/{kind}_policies/{{id}}"),
            ("GET", "/{kind}_policies/{{id}}"),
            ("PATCH", "/{kind}_policies/{{id}}"),
            ("GET", "/{kind}_policies/{{id}}/connections"),
        )
    ),
]


class Curl:
    """`curl -H "Authorization: $iam_token" -X METHOD $rias_endpoint/v1/PATH?version=2019-01-01 -d BODY`."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, method: str, path: str, data: str = "") -> Any:
        return Client().generic(
            method,
            f"/v1{path}?version=2019-01-01",
            data.encode(),
            content_type=FORM if data else "",
            headers={"Authorization": self.token, "Accept": "*/*"},
        )


@pytest.fixture
def curl(ana: Party) -> Curl:
    return Curl(ana.key())


def same_shape(response: Any, sample: Any, where: str = "") -> None:
    """Every field of the sample is in the answer with the same type; more fields may be there."""
    assert type(response) is type(sample), where
    if isinstance(sample, dict):
        for name, value in sample.items():
            assert name in response, f"{where}.{name}"
            same_shape(response[name], value, f"{where}.{name}")
    elif isinstance(sample, list) and sample:
        for item in response:
            same_shape(item, sample[0], f"{where}[]")


SAMPLE_GATEWAY = json.loads("""{
    "id": "7fd72524-6e2d-49a6-b975-0071efccd89a",
    "crn": "crn:v1:bluemix:public:is:us-south:a/b668aa2600ac21c890aef16a6210b2fd::vpn:7fd72524",
    "name": "vpn-gateway-1",
    "href": "https://us-south.iaas.cloud.ibm.com/v1/vpn_gateways/7fd72524-6e2d-49a6-b975-0071efccd89a",
    "created_at": "2018-07-06T19:19:28.694388Z",
    "status": "pending",
    "public_ip": {"address": "169.61.161.167"},
    "subnet": {
        "id": "f45ee0be-cf3f-41ca-a279-23139110aa58",
        "name": "subnet-1",
        "href": "https://us-south.iaas.cloud.ibm.com/v1/subnets/f45ee0be-cf3f-41ca-a279-23139110aa58"
    },
    "resource_group": {
        "id": "d28a2jsiw1pl2g22q8462tyr321416z2",
        "href": "https://resource-manager.bluemix.net/v1/resource_groups/d28a2jsiw1pl2g22q8462tyr321416z2"
    }
}""")
SAMPLE_CONNECTION = json.loads("""{
    "id": "a252d380-0784-45ff-8fc0-c2b58e446b4d",
    "name": "vpn-connection-to-vpn-gateway-2",
    "href": "https://us-south.iaas.cloud.ibm.com/v1/vpn_gateways/7fd72524/connections/a252d380",
    "local_cidrs": ["192.168.100.0/24"],
    "peer_cidrs": ["192.168.0.0/24"],
    "peer_address": "169.61.161.150",
    "admin_state_up": true,
    "psk": "VPNDemoPassword",
    "dead_peer_detection": {"action": "none", "interval": 30, "timeout": 120},
    "created_at": "2018-07-06T19:50:49.252072Z",
    "route_mode": "policy",
    "authentication_mode": "psk",
    "status": "down"
}""")
CONNECTION_BODY = """{
                "name": "%s",
                "peer_address": "%s",
                "psk": "VPNDemoPassword",
                "local_cidrs": [ "%s" ],
                "peer_cidrs": [ "%s" ]
            }"""


def gateway_body(name: str, subnet: Subnet) -> str:
    return f"""{{
            "name": "{name}",
            "subnet": {{"id": "{subnet.pk}"}}
        }}"""


def test_the_five_steps(ana: Party, curl: Curl) -> None:
    one = make_subnet(ana, cidr="192.168.100.0/24", name="subnet-1")
    two = make_subnet(ana, cidr="192.168.0.0/24", name="subnet-2")

    # Steps 1 and 2: a gateway in each VPC.
    gateways = []
    for number, subnet in ((1, one), (2, two)):
        made = curl("POST", "/vpn_gateways", gateway_body(f"vpn-gateway-{number}", subnet))
        assert made.status_code == 201
        gateway = made.json()
        same_shape(gateway, SAMPLE_GATEWAY)
        assert (gateway["name"], gateway["status"]) == (f"vpn-gateway-{number}", "pending")
        assert gateway["subnet"]["name"] == f"subnet-{number}"
        assert re.fullmatch(r"crn:v1:bluemix:public:is:us-south:a/[0-9a-f]{32}::vpn:.*", gateway["crn"])
        assert gateway["crn"].endswith(gateway["id"]) and UUID(gateway["id"])
        assert STAMP.fullmatch(gateway["created_at"])
        gateways.append(gateway)
    assert gateways[0]["public_ip"] != gateways[1]["public_ip"]
    first, second = gateways

    # "You can check its status": the data plane has done its part.
    Gateway.objects.update(lifecycle_state=LifecycleState.STABLE, health_state="ok")
    for gateway in gateways:
        assert curl("GET", f"/vpn_gateways/{gateway['id']}").json()["status"] == "available"

    # Steps 3 and 4: a connection from each to the other.
    for number, (own, other, local, peer) in enumerate(
        ((first, second, one, two), (second, first, two, one)), start=1
    ):
        name = f"vpn-connection-to-vpn-gateway-{3 - number}"
        body = CONNECTION_BODY % (
            name,
            other["public_ip"]["address"],
            local.ipv4_cidr_block,
            peer.ipv4_cidr_block,
        )
        made = curl("POST", f"/vpn_gateways/{own['id']}/connections", body)
        assert made.status_code == 201
        connection = made.json()
        same_shape(connection, SAMPLE_CONNECTION)
        for field in (
            "admin_state_up",
            "psk",
            "dead_peer_detection",
            "route_mode",
            "authentication_mode",
            "status",
        ):
            assert connection[field] == SAMPLE_CONNECTION[field]
        assert connection["local_cidrs"] == [local.ipv4_cidr_block]
        assert connection["peer_cidrs"] == [peer.ipv4_cidr_block]
        assert connection["peer_address"] == other["public_ip"]["address"]
        assert STAMP.fullmatch(connection["created_at"])

    # Step 5: the status of the connection.
    listed = curl("GET", f"/vpn_gateways/{first['id']}/connections")
    assert listed.status_code == 200
    same_shape(listed.json(), {"first": {"href": ""}, "limit": 10, "connections": [SAMPLE_CONNECTION]})
    assert [c["name"] for c in listed.json()["connections"]] == ["vpn-connection-to-vpn-gateway-2"]


@pytest.mark.parametrize(("method", "path"), TABLE, ids=[f"{method} {path}" for method, path in TABLE])
def test_every_row_of_the_tables(ana: Party, curl: Curl, method: str, path: str) -> None:
    ike, ipsec = make_ike_policy(ana), make_ipsec_policy(ana)
    connection = make_connection(
        ana, peer_cidrs=["10.0.0.0/24", "10.5.0.0/24"], local_cidrs=["192.168.100.0/25", "10.5.1.0/24"]
    )
    of_gateway = path.startswith("/vpn_gateways/{id}")
    ids = {
        "id": connection.gateway_id if of_gateway else connection.pk,
        "vpn_gateway_id": connection.gateway_id,
        "prefix_address": "10.5.1.0" if "local" in path else "10.5.0.0",
        "prefix_length": "24",
    }
    if "policies" in path:
        ids["id"] = ike.pk if "ike" in path else ipsec.pk
    data = {
        "/vpn_gateways": gateway_body("another", connection.gateway.subnet),
        "/vpn_gateways/{vpn_gateway_id}/connections": CONNECTION_BODY
        % ("another", "203.0.113.99", "192.168.100.0/24", "10.99.0.0/24"),
        "/ike_policies": """{"authentication_algorithm": "md5", "encryption_algorithm": "3des",
            "dh_group": 2, "ike_version": 1}""",
        "/ipsec_policies": """{"authentication_algorithm": "sha1", "encryption_algorithm": "aes128",
            "pfs": "disabled"}""",
    }.get(path, '{"name": "renamed"}')
    response = curl(method, path.format(**ids), data if method in {"POST", "PATCH"} else "")
    item = "{prefix_length}" in path
    expected = {"POST": 201, "PATCH": 200, "GET": 204 if item else 200, "PUT": 204, "DELETE": 204}[method]
    assert response.status_code == expected, response.content
    assert bool(response.content) is (expected != 204)
    missing = {name: uuid4() if "id" in name else value for name, value in ids.items()}
    if "{" in path:
        gone = curl(
            method, path.format(**missing), '{"name": "renamed"}' if method in {"POST", "PATCH"} else ""
        )
        assert gone.status_code == 404


def test_the_tables_are_whole() -> None:
    assert len(TABLE) == 18 + 12


@pytest.mark.parametrize("form", ["{}", "Bearer {}"])
def test_the_token_with_and_without_bearer(ana: Party, form: str) -> None:
    assert Curl(form.format(ana.key()))("GET", "/vpn_gateways").status_code == 200


def test_answers_of_the_faq(ana: Party, curl: Curl) -> None:
    ike = make_ike_policy(ana)
    connection = make_connection(ana, ike_policy={"id": str(ike.pk)})
    gateway, subnet = connection.gateway, connection.gateway.subnet

    # "What happens to a VPN gateway if I try to delete the subnet that the gateway is located on?"
    refused = curl("DELETE", f"/subnets/{subnet.pk}")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "subnet_not_empty_vpn_gway_exists"

    # "Are there default IKE and IPSec policies?" None is listed, none is shown where none was named.
    assert [p["id"] for p in curl("GET", "/ike_policies").json()["ike_policies"]] == [str(ike.pk)]
    assert curl("GET", "/ipsec_policies").json()["ipsec_policies"] == []

    # "If I delete a VPN gateway that has VPN connections attached, what will happen?" Policies stay.
    assert curl("DELETE", f"/vpn_gateways/{gateway.pk}").status_code == 204
    Gateway.objects.filter(pk=gateway.pk).delete()
    assert curl("GET", f"/ike_policies/{ike.pk}").json()["connections"] == []
    assert curl("GET", f"/vpn_gateways/{gateway.pk}/connections/{connection.pk}").status_code == 404
