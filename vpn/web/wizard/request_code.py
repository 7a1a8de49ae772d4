"""The API requests that are equivalent to the wizard's last step; they never contain the key. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from vpn.services.fields import ConnectionFields, GatewayFields

VERSION = "2019-01-01"
VERSION_2 = "2026-10-06"
PSK_PLACEHOLDER = "THE-PRE-SHARED-KEY"
KEY_PLACEHOLDER = "YOUR-API-KEY"


def _versioned_bodies(
    gateway: GatewayFields, connection: ConnectionFields | None
) -> tuple[str, int, dict[str, Any], dict[str, Any] | None]:
    """Version, generation and both bodies; generation 2 only if a field requires it."""
    second = body_of(connection) if connection else None
    if second is None:
        return VERSION, 1, body_of(gateway), None
    flat = _generation_1(second)
    if flat is not None:
        return VERSION, 1, body_of(gateway), flat
    return VERSION_2, 2, body_of(gateway) | {"mode": "policy"}, second


def _generation_1(body: dict[str, Any]) -> dict[str, Any] | None:
    """A connection in the form of generation 1; None if it has no field for something."""
    local, peer = body.get("local", {}), body.get("peer", {})
    if "establish_mode" in body or local.keys() - {"cidrs"} or peer.keys() - {"address", "cidrs"}:
        return None
    rest = {name: value for name, value in body.items() if name not in ("local", "peer")}
    ends = {f"local_{name}": value for name, value in local.items()}
    return rest | ends | {f"peer_{name}": value for name, value in peer.items()}


def body_of(fields: GatewayFields | ConnectionFields) -> dict[str, Any]:
    """The request's body, with a placeholder for the key, and without auto-negotiation."""
    body = {name: value for name, value in fields.items() if value is not None}
    return body | {"psk": PSK_PLACEHOLDER} if "psk" in body else body


def curl(origin: str, gateway: GatewayFields, connection: ConnectionFields | None) -> str:
    """The requests as a POSIX shell script."""
    url = f"{origin}/v1/vpn_gateways"
    version, generation, body, second_body = _versioned_bodies(gateway, connection)
    query = f"?version={version}" + (f"&generation={generation}" if generation > 1 else "")
    first = _post(f'"{url}{query}"', body)
    if second_body is None:
        return f"key={KEY_PLACEHOLDER}\n{first}\n"
    take = """python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'"""
    second = _post(f'"{url}/$gateway/connections{query}"', second_body)
    return f"key={KEY_PLACEHOLDER}\ngateway=$({first} |\n  {take})\n\n{second}\n"


def python(origin: str, gateway: GatewayFields, connection: ConnectionFields | None) -> str:
    """The requests with the `ibm-vpc` package, whose class VpcV1 has these methods in every release."""
    version, generation, body, second_body = _versioned_bodies(gateway, connection)
    lines = [
        "from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator",
        "from ibm_vpc import VpcV1",
        "",
        f'authenticator = BearerTokenAuthenticator("{KEY_PLACEHOLDER}")',
        f'service = VpcV1("{version}", authenticator=authenticator, generation={generation})',
        f'service.set_service_url("{origin}/v1")',
        "",
        "gateway = service.create_vpn_gateway(",
        f"    vpn_gateway_prototype={_literal(body)},",
        ").get_result()",
    ]
    if second_body is not None:
        lines += [
            "connection = service.create_vpn_gateway_connection(",
            '    vpn_gateway_id=gateway["id"],',
            f"    vpn_gateway_connection_prototype={_literal(second_body)},",
            ").get_result()",
        ]
    return "\n".join(lines) + "\n"


def _post(url: str, body: Mapping[str, Any]) -> str:
    data = shlex.quote(json.dumps(body, indent=2))
    return f'curl -s -H "Authorization: Bearer $key" -X POST {url} \\\n  -d {data}'


def _literal(values: Mapping[str, Any]) -> str:
    """A dictionary with one key on each line, as an argument of a call."""
    texts = (f"        {name!r}: {value!r}," for name, value in values.items())
    return "\n".join(["{", *texts, "    }"])
