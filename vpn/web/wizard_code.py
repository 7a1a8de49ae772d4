"""What the wizard is about to do, as the same request of the API; the key is never in it. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from vpn.services.fields import ConnectionFields, GatewayFields

VERSION = "2019-01-01"
PSK_PLACE = "THE-PRE-SHARED-KEY"
PLACE = "YOUR-API-KEY"


def body_of(fields: GatewayFields | ConnectionFields) -> dict[str, Any]:
    """The request's body: the key as a placeholder, auto-negotiation left out."""
    body = {name: value for name, value in fields.items() if value is not None}
    return body | {"psk": PSK_PLACE} if "psk" in body else body


def curl(origin: str, gateway: GatewayFields, connection: ConnectionFields | None) -> str:
    """For a POSIX shell."""
    url = f"{origin}/v1/vpn_gateways"
    first = _post(f'"{url}?version={VERSION}"', body_of(gateway))
    if connection is None:
        return f"key={PLACE}\n{first}\n"
    take = """python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'"""
    second = _post(f'"{url}/$gateway/connections?version={VERSION}"', body_of(connection))
    return f"key={PLACE}\ngateway=$({first} |\n  {take})\n\n{second}\n"


def python(origin: str, gateway: GatewayFields, connection: ConnectionFields | None) -> str:
    """With the `ibm-vpc` package: its class VpcV1 has had these calls in every release."""
    lines = [
        "from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator",
        "from ibm_vpc import VpcV1",
        "",
        f'authenticator = BearerTokenAuthenticator("{PLACE}")',
        f'service = VpcV1("{VERSION}", authenticator=authenticator, generation=1)',
        f'service.set_service_url("{origin}/v1")',
        "",
        "gateway = service.create_vpn_gateway(",
        f"    vpn_gateway_prototype={_literal(body_of(gateway))},",
        ").get_result()",
    ]
    if connection is not None:
        lines += [
            "connection = service.create_vpn_gateway_connection(",
            '    vpn_gateway_id=gateway["id"],',
            f"    vpn_gateway_connection_prototype={_literal(body_of(connection))},",
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
