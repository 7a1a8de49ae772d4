"""Answers: policies in the shape of generation 1 (contract section 3.3)."""

from __future__ import annotations

from typing import Any

from console.api.links import Links, stamp
from console.api.versions import ApiVersion
from console.api.views import resource_group_reference
from policies.models import IKEPolicy, IPsecPolicy


def policy_reference(policy: IKEPolicy | IPsecPolicy, links: Links) -> dict[str, Any]:
    kind, collection = _kind(policy)
    return {
        "id": str(policy.pk),
        "href": links.href(collection, policy.pk),
        "name": policy.name,
        "resource_type": kind,
    }


def ike_policy_body(policy: IKEPolicy, links: Links, version: ApiVersion) -> dict[str, Any]:
    own = {
        "dh_group": policy.dh_group,
        "ike_version": policy.ike_version,
        "negotiation_mode": "main",
    }
    return _common(policy, links, version) | own


def ipsec_policy_body(policy: IPsecPolicy, links: Links, version: ApiVersion) -> dict[str, Any]:
    own = {"pfs": policy.pfs, "encapsulation_mode": "tunnel", "transform_protocol": "esp"}
    return _common(policy, links, version) | own


def _kind(policy: IKEPolicy | IPsecPolicy) -> tuple[str, str]:
    if isinstance(policy, IKEPolicy):
        return "ike_policy", "ike_policies"
    return "ipsec_policy", "ipsec_policies"


def _common(policy: IKEPolicy | IPsecPolicy, links: Links, version: ApiVersion) -> dict[str, Any]:
    return policy_reference(policy, links) | {
        "created_at": stamp(policy.created_at),
        "resource_group": resource_group_reference(policy.resource_group, links),
        "authentication_algorithm": policy.authentication_algorithm,
        "encryption_algorithm": version.cipher(policy.encryption_algorithm),
        "key_lifetime": policy.key_lifetime,
        "connections": [_connection(row, links) for row in policy.connections.all()],
    }


def _connection(row: Any, links: Links) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "href": links.href(f"vpn_gateways/{row.gateway_id}/connections", row.pk),
        "name": row.name,
        "resource_type": "vpn_gateway_connection",
    }
