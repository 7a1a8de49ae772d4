"""Today's official SDK against a live server: only its address and its key are ours."""

from __future__ import annotations

from typing import Any

import pytest
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator, IAMAuthenticator
from ibm_vpc import vpc_v1
from ibm_vpc.vpc_v1 import VpcV1

from tests.factories import Party, make_instance, make_subnet, make_vpc
from tests.sdk.calls import KEY, make_connection, make_gateway, result
from vpn.models import Gateway

pytestmark = pytest.mark.django_db(transaction=True)


def whole(model: Any, body: dict[str, Any]) -> Any:
    """The SDK's own model takes the body, and gives back all of it."""
    made = model.from_dict(body)
    assert made.to_dict() == body
    return made


def test_gateways(client: VpcV1, subnet: Any) -> None:
    made = make_gateway(client, subnet)
    read = whole(
        vpc_v1.VPNGatewayZonalAvailabilityModeVPNGatewayPolicyMode, result(client.get_vpn_gateway(made["id"]))
    )
    assert read.lifecycle_state == "pending"
    assert (made["mode"], made["availability_mode"], made["lifecycle_state"]) == (
        "policy",
        "zonal",
        "pending",
    )
    assert "status" not in made and made["vpc"]["id"] == str(subnet.vpc_id)
    assert result(client.update_vpn_gateway(made["id"], {"name": "renamed"}))["name"] == "renamed"
    listed = vpc_v1.VPNGatewayCollection.from_dict(result(client.list_vpn_gateways()))
    assert [gateway["name"] for gateway in listed.vpn_gateways] == ["renamed"]
    assert client.delete_vpn_gateway(made["id"]).get_status_code() == 202
    gone = result(client.get_vpn_gateway(made["id"]))
    assert gone["lifecycle_state"] == "deleting"
    Gateway.objects.all().delete()
    with pytest.raises(ApiException) as missing:
        client.get_vpn_gateway(made["id"])
    assert (missing.value.status_code, missing.value.message.startswith("There is no VPN gateway")) == (
        404,
        True,
    )


def test_members(client: VpcV1, subnet: Any) -> None:
    gateway = make_gateway(client, subnet)["id"]
    listed = result(client.list_vpn_gateway_members(gateway))
    whole(vpc_v1.VPNGatewayMemberCollection, listed)
    assert [member["role"] for member in listed["members"]] == ["active", "standby"]
    for member in listed["members"]:
        one = result(client.get_vpn_gateway_member(gateway, member["id"]))
        assert one == member
        whole(vpc_v1.VPNGatewayMember, one)
        reserved = result(client.get_subnet_reserved_ip(str(subnet.pk), member["private_ip"]["id"]))
        assert reserved["address"] == member["private_ip"]["address"]


def test_connections(client: VpcV1, subnet: Any) -> None:
    gateway = make_gateway(client, subnet)["id"]
    made = make_connection(client, gateway)
    read = whole(vpc_v1.VPNGatewayConnection, result(client.get_vpn_gateway_connection(gateway, made["id"])))
    assert type(read).__name__ == "VPNGatewayConnectionPolicyMode"
    assert made["dead_peer_detection"] == {"action": "restart", "interval": 2, "timeout": 10}
    assert made["establish_mode"] == "bidirectional"
    assert made["peer"] == {
        "type": "address",
        "address": "203.0.113.1",
        "cidrs": ["10.1.0.0/24"],
        "ike_identity": {"type": "ipv4_address", "value": "203.0.113.1"},
    }
    patch = {"name": "other", "establish_mode": "peer_only", "peer": {"address": "203.0.113.77"}}
    changed = result(client.update_vpn_gateway_connection(gateway, made["id"], patch))
    assert (changed["name"], changed["establish_mode"]) == ("other", "peer_only")
    assert changed["peer"]["ike_identity"]["value"] == "203.0.113.77"
    listed = result(client.list_vpn_gateway_connections(gateway, status="down"))
    vpc_v1.VPNGatewayConnectionCollection.from_dict(listed)
    assert listed["connections"] == [changed]
    assert client.delete_vpn_gateway_connection(gateway, made["id"]).get_status_code() == 202
    with pytest.raises(ApiException) as missing:
        client.get_vpn_gateway_connection(gateway, made["id"])
    assert missing.value.status_code == 404


def test_if_match(client: VpcV1, subnet: Any) -> None:
    gateway = make_gateway(client, subnet)["id"]
    made = client.create_vpn_gateway_connection(
        gateway,
        {
            "psk": KEY,
            "local": {"cidrs": ["192.168.1.0/24"]},
            "peer": {"address": "203.0.113.1", "cidrs": ["10.1.0.0/24"]},
        },
    )
    ident, first = made.get_result()["id"], made.get_headers()["ETag"]
    answer = client.update_vpn_gateway_connection(gateway, ident, {"name": "a"}, if_match=first)
    second = answer.get_headers()["ETag"]
    assert second != first
    for call in (
        lambda: client.update_vpn_gateway_connection(gateway, ident, {"name": "b"}, if_match=first),
        lambda: client.delete_vpn_gateway_connection(gateway, ident, if_match=first),
    ):
        with pytest.raises(ApiException) as refused:
            call()
        assert refused.value.status_code == 412
    answer = client.get_vpn_gateway_connection(gateway, ident)
    assert (answer.get_result()["name"], answer.get_headers()["ETag"]) == ("a", second)
    assert client.delete_vpn_gateway_connection(gateway, ident, if_match=second).get_status_code() == 202


@pytest.mark.parametrize("side", ["local", "peer"])
def test_cidrs(client: VpcV1, subnet: Any, side: str) -> None:
    gateway = make_gateway(client, subnet)["id"]
    ids = gateway, make_connection(client, gateway)["id"]

    def call(verb: str, *cidr: str) -> Any:
        plural = "s" if verb == "list" else ""
        return getattr(client, f"{verb}_vpn_gateway_connections_{side}_cidr{plural}")(*ids, *cidr)

    (first,) = result(call("list"))["cidrs"]
    whole(vpc_v1.VPNGatewayConnectionCIDRs, result(call("list")))
    assert call("add", "172.20.0.0/24").get_status_code() == 201
    assert call("add", "172.20.0.0/24").get_status_code() == 204
    assert call("check", "172.20.0.0/24").get_status_code() == 204
    assert result(call("list"))["cidrs"] == [first, "172.20.0.0/24"]
    assert call("remove", "172.20.0.0/24").get_status_code() == 204
    with pytest.raises(ApiException) as missing:
        call("check", "172.20.0.0/24")
    assert missing.value.status_code == 404


def test_ike_policies(client: VpcV1, subnet: Any) -> None:
    made = result(
        client.create_ike_policy(
            ike_version=2,
            name="strong",
            authentication_algorithms=["sha512", "sha256"],
            encryption_algorithms=["aes256"],
            dh_groups=[31, 20, 14],
        ),
        201,
    )
    whole(vpc_v1.IKEPolicy, made)
    assert made["authentication_algorithm"] == "multiple" and made["dh_group"] == 65535
    assert made["encryption_algorithm"] == "aes256" and made["key_lifetime"] == 28800
    changed = result(client.update_ike_policy(made["id"], {"dh_group": 19}))
    assert (changed["dh_group"], changed["dh_groups"]) == (19, [19])
    gateway = make_gateway(client, subnet)["id"]
    user = make_connection(client, gateway, ike_policy={"id": made["id"]})
    assert result(client.get_ike_policy(made["id"]))["connections"][0]["id"] == user["id"]
    users = result(client.list_ike_policy_connections(made["id"]))
    vpc_v1.IKEPolicyConnectionCollection.from_dict(users)
    vpc_v1.IKEPolicyCollection.from_dict(result(client.list_ike_policies()))
    with pytest.raises(ApiException) as used:
        client.delete_ike_policy(made["id"])
    assert used.value.status_code == 409
    freed = result(client.update_vpn_gateway_connection(gateway, user["id"], {"ike_policy": None}))
    assert "ike_policy" not in freed
    assert client.delete_ike_policy(made["id"]).get_status_code() == 204


def test_ipsec_policies(client: VpcV1, subnet: Any) -> None:
    made = result(
        client.create_ipsec_policy(
            name="gcm",
            authentication_algorithms=["disabled"],
            encryption_algorithms=["aes256gcm16", "aes128gcm16"],
            pfs_groups=["group_31", "group_20"],
        ),
        201,
    )
    whole(vpc_v1.IPsecPolicy, made)
    assert (made["authentication_algorithm"], made["encryption_algorithm"]) == ("disabled", "multiple")
    assert made["pfs"] == "multiple"
    changed = result(client.update_ipsec_policy(made["id"], {"pfs": "disabled", "key_lifetime": 1800}))
    assert (changed["pfs_groups"], changed["key_lifetime"]) == (["disabled"], 1800)
    gateway = make_gateway(client, subnet)["id"]
    make_connection(client, gateway, ipsec_policy={"id": made["id"]})
    users = result(client.list_ipsec_policy_connections(made["id"]))
    vpc_v1.IPsecPolicyConnectionCollection.from_dict(users)
    vpc_v1.IPsecPolicyCollection.from_dict(result(client.list_ipsec_policies()))
    assert result(client.get_ipsec_policy(made["id"]))["name"] == "gcm"
    with pytest.raises(ApiException) as used:
        client.delete_ipsec_policy(made["id"])
    assert used.value.status_code == 409


def test_networks(client: VpcV1, ana: Party) -> None:
    vpc = make_vpc(ana)
    subnet = make_subnet(ana, vpc)
    instance = make_instance(ana, subnet)
    whole(vpc_v1.VPC, result(client.get_vpc(str(vpc.pk))))
    whole(vpc_v1.Subnet, result(client.get_subnet(str(subnet.pk))))
    for collection, model in (
        (client.list_vpcs(), vpc_v1.VPCCollection),
        (client.list_subnets(), vpc_v1.SubnetCollection),
        (client.list_vpc_address_prefixes(str(vpc.pk)), vpc_v1.AddressPrefixCollection),
        (client.list_regions(), vpc_v1.RegionCollection),
    ):
        model.from_dict(result(collection))
    assert result(client.get_instance(str(instance.pk)))["name"] == instance.name


def test_a_refusal_is_the_exceptions_text(client: VpcV1, subnet: Any) -> None:
    with pytest.raises(ApiException) as refused:
        client.create_vpn_gateway({"mode": "route", "subnet": {"id": str(subnet.pk)}})
    assert refused.value.status_code == 400
    assert refused.value.message.startswith("Route mode is not supported")


def test_a_plain_api_key_is_a_bearer_token_too(live_server: Any, ana: Party) -> None:
    service = VpcV1(authenticator=BearerTokenAuthenticator(ana.key()))
    service.set_service_url(f"{live_server.url}/v1")
    assert result(service.list_vpn_gateways())["total_count"] == 0


def test_a_wrong_key_gets_no_token(live_server: Any) -> None:
    service = VpcV1(authenticator=IAMAuthenticator("isth_nothing", url=live_server.url))
    service.set_service_url(f"{live_server.url}/v1")
    with pytest.raises(ApiException) as refused:
        service.list_vpn_gateways()
    assert refused.value.status_code == 401
