"""How requests of older versions differ (contract section 1.3)."""

from __future__ import annotations

from console.core.api.changes import VersionChange
from console.core.api.versions import GENERATION_2, OBJECTS, ROUTE_MODE
from vpn.api.responses import networks, subnets

GATEWAY = (
    VersionChange(GENERATION_2, added=frozenset({"mode", "availability_mode", "members"})),
    VersionChange(ROUTE_MODE, implied={"mode": "policy"}),
)
CONNECTION = (
    VersionChange(GENERATION_2, added=frozenset({"establish_mode"})),
    VersionChange(
        OBJECTS,
        renamed={"peer_address": "peer.address", "peer_cidrs": "peer.cidrs", "local_cidrs": "local.cidrs"},
    ),
)
VPC = (VersionChange(GENERATION_2, added=networks.VPC.introduced(GENERATION_2)),)
SUBNET = (VersionChange(GENERATION_2, added=subnets.Subnet.introduced(GENERATION_2)),)
