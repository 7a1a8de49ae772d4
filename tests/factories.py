"""Accounts and objects for tests, created by the services, as by the API and the console."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import count
from typing import Any, cast
from uuid import UUID

from django.test import Client

from console.core.actor import Actor, Role, Via
from console.core.models import Account, User
from console.core.services import add_member, create_account, create_api_key
from policies.models import IKEPolicy, IPsecPolicy
from policies.services import create_ike_policy, create_ipsec_policy
from vpn.domain.connection_drafts import DECLARED
from vpn.domain.declarations import put_at
from vpn.models import Connection, Gateway, Instance, Subnet, Vpc
from vpn.services.connections import create_connection
from vpn.services.fields import ConnectionFields, SubnetFields
from vpn.services.gateways import create_gateway
from vpn.services.networks import create_address_prefix, create_vpc
from vpn.services.subnets import create_instance, create_subnet

VERSION = "2019-01-01"
PSK = "VPNDemoPassword"
PASSWORD = "correct horse battery"
_numbers = count(1)


class Api:
    """A client of the API with one key; `version` is added to every path, unless it is None."""

    def __init__(self, key: str = "") -> None:
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __call__(
        self, method: str, path: str, body: object = None, *, version: str | None = VERSION, **extra: Any
    ) -> Any:
        """Sends `body` as JSON, or unchanged if it is bytes."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        joint = "&" if "?" in path else "?"
        url = f"{path}{joint}version={version}" if version else path
        headers = {**self.headers, **extra.pop("headers", {})}
        content_type = extra.pop("content_type", "application/json")
        client = Client(raise_request_exception=False)
        return client.generic(method, url, data, content_type=content_type, headers=headers, **extra)

    def get(self, path: str, **extra: Any) -> Any:
        return self("GET", path, **extra)

    def post(self, path: str, body: object = None, **extra: Any) -> Any:
        return self("POST", path, body, **extra)

    def patch(self, path: str, body: object = None, **extra: Any) -> Any:
        return self("PATCH", path, body, **extra)

    def put(self, path: str, **extra: Any) -> Any:
        return self("PUT", path, **extra)

    def delete(self, path: str, **extra: Any) -> Any:
        return self("DELETE", path, **extra)


class Party:
    """An account with one person, and clients for every role."""

    def __init__(self, name: str, account: Account, user: User) -> None:
        self.name, self.account, self.user = name, account, user

    def actor(self, role: Role = Role.EDITOR) -> Actor:
        return Actor(self.account.id, self.name, role, Via.COMMAND, "192.0.2.1", f"test-{self.name}")

    @cached_property
    def editor(self) -> Actor:
        return self.actor()

    @cached_property
    def administrator(self) -> Actor:
        return self.actor(Role.ADMINISTRATOR)

    def key(self, role: Role = Role.EDITOR) -> str:
        return create_api_key(self.administrator, name=f"key-{next(_numbers)}", role=role)[1]

    @cached_property
    def api(self) -> Api:
        """With an editor's key."""
        return Api(self.key())

    def api_as(self, role: Role) -> Api:
        return Api(self.key(role))

    def browser(self) -> Client:
        """Signed in to the console, as an administrator of the account."""
        client = Client(raise_request_exception=False)
        client.force_login(self.user)
        return client


def make_party(name: str) -> Party:
    account = create_account(name, who="test")
    user = User.objects.create_user(name, password=PASSWORD)
    administrator = Actor(account.id, "test", Role.ADMINISTRATOR, Via.COMMAND)
    add_member(administrator, user, Role.ADMINISTRATOR)
    return Party(name, account, user)


def make_vpc(party: Party, name: str = "", *, prefix: str = "192.168.0.0/16") -> Vpc:
    """With one address prefix in the first zone."""
    vpc = create_vpc(
        party.editor, {"name": name or f"vpc-{next(_numbers)}", "address_prefix_management": "manual"}
    )
    create_address_prefix(party.editor, vpc.id, {"cidr": prefix, "zone": {"name": "us-south-1"}})
    return vpc


def make_subnet(
    party: Party, vpc: Vpc | None = None, cidr: str = "192.168.100.0/24", name: str = ""
) -> Subnet:
    home = vpc or make_vpc(party)
    fields: SubnetFields = {
        "name": name or f"subnet-{next(_numbers)}",
        "vpc": {"id": str(home.id)},
        "ipv4_cidr_block": cidr,
    }
    return create_subnet(party.editor, fields)


def make_gateway(party: Party, subnet: Subnet | None = None, name: str = "") -> Gateway:
    home = subnet or make_subnet(party)
    return create_gateway(
        party.editor, {"name": name or f"gateway-{next(_numbers)}", "subnet": {"id": str(home.id)}}
    )


def make_instance(party: Party, subnet: Subnet, name: str = "") -> Instance:
    return create_instance(
        party.editor, {"name": name or f"vsi-{next(_numbers)}", "subnet": {"id": str(subnet.id)}}
    )


def connection_fields(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A valid body; connections with different numbers do not conflict."""
    return {
        "name": f"connection-{number}",
        "peer_address": f"203.0.113.{number + 1}",
        "psk": PSK,
        "local_cidrs": ["192.168.100.0/24"],
        "peer_cidrs": [f"10.{number}.0.0/24"],
        **changes,
    }


def dpd_defaults(generation: int) -> tuple[str, int, int]:
    """Action, interval and timeout of an API generation."""
    action, interval, timeout = (
        DECLARED[f"dpd_{name}"].default_in(generation) for name in ("action", "interval", "timeout")
    )
    return action, interval, timeout


def nested(body: dict[str, Any]) -> ConnectionFields:
    """A flat body of version 2019-01-01, with newer fields by column names, in the form for services."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        put_at(found, DECLARED[name].path if name in DECLARED else name, value)
    return cast(ConnectionFields, found)


def make_connection(
    party: Party, gateway: Gateway | None = None, number: int = 0, **changes: Any
) -> Connection:
    home = gateway or make_gateway(party)
    return create_connection(party.editor, home.id, nested(connection_fields(number, **changes)))


def make_ike_policy(party: Party, name: str = "", **changes: Any) -> IKEPolicy:
    fields = {
        "name": name or f"ike-{next(_numbers)}",
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "aes128",
        "dh_group": 14,
        "ike_version": 2,
        **changes,
    }
    return create_ike_policy(party.editor, fields)


def make_ipsec_policy(party: Party, name: str = "", **changes: Any) -> IPsecPolicy:
    fields = {
        "name": name or f"ipsec-{next(_numbers)}",
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "aes128",
        "pfs": "group_14",
        **changes,
    }
    return create_ipsec_policy(party.editor, fields)


def raise_quotas(party: Party, **quotas: int) -> None:
    Account.objects.filter(pk=party.account.pk).update(quotas=quotas)


def errors_of(response: Any) -> list[tuple[str, str]]:
    """(code, target name) of each error, after checking the container's form."""
    body = response.json()
    assert set(body) == {"errors", "trace"}, body
    assert body["errors"] and body["trace"].replace("-", "").replace("_", "").isalnum()
    for error in body["errors"]:
        assert error["more_info"].endswith(f"/manual/errors#{error['code']}")
        assert error["message"][-1] in ".!?", error["message"]
    return [(error["code"], error.get("target", {}).get("name", "")) for error in body["errors"]]


def path_of(row: Gateway | Connection | UUID) -> str:
    """The API's path of a gateway or connection."""
    if isinstance(row, Connection):
        return f"/v1/vpn_gateways/{row.gateway_id}/connections/{row.pk}"
    return f"/v1/vpn_gateways/{getattr(row, 'pk', row)}"
