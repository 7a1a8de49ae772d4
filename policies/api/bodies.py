"""Answers: policies in the newest form (contract sections 4.5 and 4.6)."""

from __future__ import annotations

from typing import Any

from console.core.api.links import Links, format_timestamp
from console.core.api.resource_groups import resource_group_reference
from policies.models import IKEPolicy, IPsecPolicy


def policy_reference(policy: IKEPolicy | IPsecPolicy, links: Links) -> dict[str, Any]:
    kind, collection = _kind(policy)
    return {
        "id": str(policy.pk),
        "href": links.href(collection, policy.pk),
        "name": policy.name,
        "resource_type": kind,
    }


def ike_policy_body(policy: IKEPolicy, links: Links) -> dict[str, Any]:
    own = {
        "dh_group": policy.dh_group,
        "dh_groups": policy.dh_groups,
        "ike_version": policy.ike_version,
        "negotiation_mode": "main",
    }
    return _common(policy, links) | own


def ipsec_policy_body(policy: IPsecPolicy, links: Links) -> dict[str, Any]:
    own = {
        "pfs": policy.pfs,
        "pfs_groups": policy.pfs_groups,
        "encapsulation_mode": "tunnel",
        "transform_protocol": "esp",
    }
    return _common(policy, links) | own


def _kind(policy: IKEPolicy | IPsecPolicy) -> tuple[str, str]:
    if isinstance(policy, IKEPolicy):
        return "ike_policy", "ike_policies"
    return "ipsec_policy", "ipsec_policies"


def _common(policy: IKEPolicy | IPsecPolicy, links: Links) -> dict[str, Any]:
    return policy_reference(policy, links) | {
        "created_at": format_timestamp(policy.created_at),
        "resource_group": resource_group_reference(policy.resource_group, links),
        "authentication_algorithm": policy.authentication_algorithm,
        "authentication_algorithms": policy.authentication_algorithms,
        "encryption_algorithm": policy.encryption_algorithm,
        "encryption_algorithms": policy.encryption_algorithms,
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
