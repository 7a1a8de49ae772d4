"""VPN connections and their CIDRs (contract sections 4.3 and 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from console.core.api.response_schema import (
    BOOLEAN,
    IDENTIFIER,
    INTEGER,
    IPV4,
    STRING,
    TIMESTAMP,
    Context,
    Field,
    Many,
    ResponseSchema,
    attribute,
    choice,
    constant,
    item,
    same_row,
)
from console.core.api.responses import REASONS, paged
from console.core.api.versions import OBJECTS, ROUTE_MODE
from policies.api.responses import ConnectionReference, PolicyReference
from vpn.api.responses.gateways import NO_ADDRESS
from vpn.domain.checks.connections import ESTABLISH_MODES, MASK
from vpn.domain.identities import IdentityType
from vpn.domain.spec import DpdAction
from vpn.models import Connection, ConnectionCidr
from vpn.services.connections import cidrs_of


class RelatedToConnections(NamedTuple):
    """The data that rendering connections needs: the CIDRs of each side by the connection's id, and whether
    pre-shared keys are shown. If not, they are masked and not even decrypted."""

    local: Mapping[UUID, list[str]]
    peer: Mapping[UUID, list[str]]
    shows_key: bool


def related_to_connection(connection: Connection, *, shows_key: bool) -> RelatedToConnections:
    local, peer = cidrs_of(connection)
    return RelatedToConnections({connection.id: local}, {connection.id: peer}, shows_key)


def related_to_connections(connections: Iterable[Connection], *, shows_key: bool) -> RelatedToConnections:
    """One query for all of them."""
    local: dict[UUID, list[str]] = {connection.id: [] for connection in connections}
    peer: dict[UUID, list[str]] = {ident: [] for ident in local}
    cidrs = ConnectionCidr.objects.filter(connection__in=local).order_by("id")
    for ident, side, cidr in cidrs.values_list("connection_id", "side", "cidr"):
        (local if side == ConnectionCidr.LOCAL else peer)[ident].append(cidr)
    return RelatedToConnections(local, peer, shows_key)


def _local_cidrs(connection: Connection, context: Context) -> list[str]:
    cidrs: list[str] = context.related.local[connection.id]
    return cidrs


def _peer_cidrs(connection: Connection, context: Context) -> list[str]:
    cidrs: list[str] = context.related.peer[connection.id]
    return cidrs


def _psk(connection: Connection, context: Context) -> str:
    """The key, if it is shown and can be decrypted; otherwise a mask."""
    return (connection.known_psk() if context.related.shows_key else None) or MASK


Identity = Mapping[str, str]


def _local_identities(connection: Connection, context: Context) -> tuple[Identity]:
    return (connection.local_identity or _address(connection.gateway.public_address),)


def _peer_identity(connection: Connection, context: Context) -> Identity:
    """The identity that was set, else the peer's name or address."""
    given: Identity | None = connection.peer_identity
    if given:
        return given
    if connection.peer_fqdn:
        return {"type": "fqdn", "value": connection.peer_fqdn}
    return _address(connection.address)


def _address(address: str) -> Identity:
    return {"type": "ipv4_address", "value": address}


class IKEIdentity(ResponseSchema):
    """The IKE identity of an end; the value of a key_id is in base64."""

    type = Field(choice(*[kind.value for kind in IdentityType]), item("type"))
    value = Field(STRING, item("value"))


class LocalEnd(ResponseSchema):
    """This end."""

    cidrs = Field(Many(STRING), _local_cidrs)
    ike_identities = Field(Many(IKEIdentity), _local_identities)


class PeerEnd(ResponseSchema):
    """The other end, known by its address or its name."""

    type = Field(
        choice("address", "fqdn"),
        lambda connection, context: "fqdn" if connection.peer_fqdn else "address",
    )
    # Of a peer with a name: the address to which it resolves now. An addition to IBM's API.
    address = Field(IPV4, lambda connection, context: connection.address or None, optional=True)
    fqdn = Field(STRING, lambda connection, context: connection.peer_fqdn or None, optional=True)
    cidrs = Field(Many(STRING), _peer_cidrs)
    ike_identity = Field(IKEIdentity, _peer_identity)


class DeadPeerDetectionState(ResponseSchema):
    """Seconds."""

    action = Field(choice(*[action.value for action in DpdAction]), attribute("dpd_action"))
    interval = Field(INTEGER, attribute("dpd_interval"))
    timeout = Field(INTEGER, attribute("dpd_timeout"))


class VPNGatewayConnection(ResponseSchema):
    """A tunnel to one peer. Without policies its algorithms are negotiated."""

    id = Field(IDENTIFIER)
    name = Field(STRING)
    href = ConnectionReference.href
    local = Field(LocalEnd, same_row, since=OBJECTS)
    peer = Field(PeerEnd, same_row, since=OBJECTS)
    admin_state_up = Field(BOOLEAN)
    psk = Field(
        STRING,
        _psk,
        description="Masked (********) unless an API key with the role editor or above asks and its account "
        "lets API keys read pre-shared keys.",
    )
    dead_peer_detection = Field(DeadPeerDetectionState, same_row)
    created_at = Field(TIMESTAMP)
    authentication_mode = constant("psk")
    status = Field(choice("down", "up"))
    status_reasons = Field(REASONS)
    mode = constant("policy")
    resource_type = constant("vpn_gateway_connection")
    establish_mode = Field(choice(*ESTABLISH_MODES))
    ike_policy = Field(PolicyReference, optional=True)
    ipsec_policy = Field(PolicyReference, optional=True)
    # Before both ends were objects there were three fields for them, without identities.
    local_cidrs = Field(Many(STRING), _local_cidrs, until=OBJECTS)
    peer_cidrs = Field(Many(STRING), _peer_cidrs, until=OBJECTS)
    # Of a peer with a name: the address to which it resolves.
    peer_address = Field(IPV4, lambda row, context: row.address or NO_ADDRESS, until=OBJECTS)
    route_mode = constant("policy", until=ROUTE_MODE)


class LocalCidrs(ResponseSchema):
    """The local CIDRs of a connection."""

    cidrs = Field(Many(STRING), same_row, since=OBJECTS)
    local_cidrs = Field(Many(STRING), same_row, until=OBJECTS)


class PeerCidrs(ResponseSchema):
    """The peer CIDRs of a connection."""

    cidrs = Field(Many(STRING), same_row, since=OBJECTS)
    peer_cidrs = Field(Many(STRING), same_row, until=OBJECTS)


VPNGatewayConnectionList = paged("connections", VPNGatewayConnection)
