"""How objects of older versions differ (contract section 1.3)."""

from __future__ import annotations

from console.core.api.changes import Body, VersionChange
from console.core.api.versions import GENERATION_2, HEALTH, OBJECTS, ROUTE_MODE, ApiVersion
from vpn.api.bodies.gateways import NO_ADDRESS


def _status(body: Body) -> str:
    """The one word that lifecycle and health were told by (contract sections 1.3 and 6.1)."""
    if body["lifecycle_state"] != "stable":
        return str(body["lifecycle_state"])
    return "failed" if body["health_state"] == "faulted" else "available"


def _with_status(body: Body, version: ApiVersion) -> None:
    for one in (body, *body.get("members", ())):
        one["status"] = _status(one)


def _with_public_address(body: Body, version: ApiVersion) -> None:
    """Without route mode there is one address of a gateway."""
    active = next(member for member in body["members"] if member["role"] == "active")
    body["public_ip"] = dict(active["public_ip"])


def _without_members_places(body: Body, version: ApiVersion) -> None:
    """Generation 1 knows nothing that members are reached by."""
    del body["availability_mode"]
    for member in body["members"]:
        del member["id"], member["href"]
        member["private_ip"] = {"address": member["private_ip"]["address"]}


def _flat(body: Body, version: ApiVersion) -> None:
    """Both ends told by three fields, without identities."""
    local, peer = body.pop("local"), body.pop("peer")
    body["local_cidrs"], body["peer_cidrs"] = local["cidrs"], peer["cidrs"]
    # A name is told by the address that it leads to.
    body["peer_address"] = peer.get("address", NO_ADDRESS)


def _with_route_mode(body: Body, version: ApiVersion) -> None:
    body["route_mode"] = body["mode"]


def _without(*names: str) -> VersionChange:
    def down(body: Body, version: ApiVersion) -> None:
        for name in names:
            body.pop(name, None)

    return VersionChange(GENERATION_2, added=frozenset(names), down=down)


GATEWAY = (
    VersionChange(
        GENERATION_2,
        added=frozenset({"mode", "availability_mode", "members"}),
        down=_without_members_places,
    ),
    VersionChange(ROUTE_MODE, implied={"mode": "policy"}, down=_with_public_address),
    VersionChange(HEALTH, down=_with_status),
)
MEMBER = (VersionChange(HEALTH, down=_with_status),)
CONNECTION = (
    VersionChange(GENERATION_2, added=frozenset({"establish_mode"})),
    VersionChange(ROUTE_MODE, down=_with_route_mode),
    VersionChange(
        OBJECTS,
        renamed={"peer_address": "peer.address", "peer_cidrs": "peer.cidrs", "local_cidrs": "local.cidrs"},
        down=_flat,
    ),
)
VPC = (
    _without(
        "cse_source_ips", "default_routing_table", "dns", "health_state", "health_reasons",
        "public_address_ranges",
    ),
)  # fmt: skip
SUBNET = (_without("routing_table"),)
