"""Connects two gateways of one account: creates both sides of a tunnel together."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from string import ascii_letters, digits
from uuid import UUID

from django.db import transaction

from console.core.actor import Actor, Role
from console.core.errors import Conflict, Invalid, NotFound, Violation, not_found
from console.core.models import Account
from console.core.services.change import change
from vpn.domain.checks.connections import too_many_cidrs
from vpn.models import Connection, Gateway, Subnet
from vpn.services.connection_checks import check_connection
from vpn.services.connection_drafts import fields_of
from vpn.services.connections import add_connection, cidrs_of, get_connection
from vpn.services.fields import ConnectionFields, GatewayFields, LocalFields, PeerFields
from vpn.services.gateways import create_gateway, get_gateway
from vpn.services.quotas import quotas_of
from vpn.services.subnets import get_subnet

_KEY_LOST = Violation(
    "validation_failure",
    "psk",
    "The key of this side can no longer be decrypted: set a new one here first.",
)


@dataclass(frozen=True, slots=True)
class End:
    """One side: an existing gateway, or a subnet in which one is to be created.

    `name` is that of its connection, `gateway_name` that of a new gateway; empty for generated names.
    """

    gateway_id: UUID | None = None
    subnet_id: UUID | None = None
    local_cidrs: tuple[str, ...] = ()
    name: str = ""
    gateway_name: str = ""


@dataclass(frozen=True, slots=True)
class Mirror:
    """The other side of a connection: its gateway and fields, with the same key; `existing` if it has it."""

    gateway: Gateway
    # Contains the key.
    fields: ConnectionFields = field(repr=False)
    existing: Connection | None


def new_key() -> str:
    """About 256 random bits as letters and digits, which every device accepts."""
    return secrets.choice(ascii_letters) + "".join(secrets.choice(ascii_letters + digits) for _ in range(43))


def connect(actor: Actor, here: End, there: End, security: ConnectionFields) -> tuple[Connection, Connection]:
    """Creates both connections with one key, and the gateways that do not exist; all or nothing. The key is
    new, unless the gateways share one already: connections to the same peer must have the same key.

    `security` holds policies and dead peer detection of both. Fields of violations begin with
    `here.` or `there.`. Raises NotAllowed, Invalid, Conflict.
    """
    _check_sizes(actor, here, there)
    with change(actor, Role.EDITOR) as account:
        left = _gateway(actor, here, "here")
        right = _gateway(actor, there, "there")
        _refuse_same_vpc(left, right)
        fields: ConnectionFields = {**security, "psk": _key_between(left, right)}
        first = _add_side((actor, account), (left, right), (here, there), fields, "here")
        second = _add_side((actor, account), (right, left), (there, here), fields, "there")
    return first, second


def _check_sizes(actor: Actor, here: End, there: End) -> None:
    """Called before the transaction and before any query about the two ends. Raises NotAllowed, Invalid."""
    actor.require(Role.EDITOR)
    quotas = quotas_of(actor.account_id)
    broken: list[Violation] = []
    for where, end in (("here", here), ("there", there)):
        broken += _prefixed(where, too_many_cidrs(len(end.local_cidrs), 0, quotas))
    if broken:
        raise Invalid(broken)


def check_connect(actor: Actor, here: End, there: End, security: ConnectionFields) -> list[Violation]:
    """The violations that `connect` would raise; changes nothing."""
    try:
        _check_sizes(actor, here, there)
        with transaction.atomic():
            connect(actor, here, there, security)
            transaction.set_rollback(True)
    except (Invalid, Conflict) as error:
        return list(error.violations)
    return []


def mirror_of(actor: Actor, gateway_id: UUID, connection_id: UUID) -> Mirror:
    """The other side that could be created for a connection.

    Raises NotFound when there is no such connection, or its peer is no gateway of the account.
    """
    row = get_connection(actor, gateway_id, connection_id)
    living = Gateway.objects.owned_by(actor).filter(deleted_at=None, public_address=row.address or None)
    peer = living.exclude(pk=gateway_id).select_related("subnet", "vpc").first()
    if peer is None:
        raise not_found("vpn_gateway_not_found", "VPN gateway", row.peer)
    local, remote = cidrs_of(row)
    here: LocalFields = {"cidrs": remote}
    if row.peer_identity:
        here["ike_identities"] = [row.peer_identity]
    there: PeerFields = {"address": row.gateway.public_address, "cidrs": local}
    if row.local_identity:
        there["ike_identity"] = row.local_identity
    fields = fields_of(row) | ConnectionFields(local=here, peer=there)
    return Mirror(peer, fields, _other_side(peer, row, remote, local))


def check_mirror(actor: Actor, mirror: Mirror, name: str) -> list[Violation]:
    """The violations that `create_mirror` would raise; writes nothing."""
    if not mirror.fields["psk"]:
        return [_KEY_LOST]
    return check_connection(actor, _named(mirror.fields, name), gateway=mirror.gateway)


def create_mirror(actor: Actor, gateway_id: UUID, connection_id: UUID, name: str) -> Connection:
    """The other side of a connection; a second call returns the connection that the first one created.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    with change(actor, Role.EDITOR) as account:
        mirror = mirror_of(actor, gateway_id, connection_id)
        if mirror.existing is not None:
            return mirror.existing
        if not mirror.fields["psk"]:
            raise Conflict([_KEY_LOST])
        return add_connection(actor, account, mirror.gateway, _named(mirror.fields, name))


def _gateway(actor: Actor, end: End, where: str) -> Gateway:
    try:
        if end.gateway_id is not None:
            return get_gateway(actor, end.gateway_id)
        subnet: Subnet | None = get_subnet(actor, end.subnet_id) if end.subnet_id else None
        if subnet is None:
            message = "Choose a gateway, or a subnet for a new one."
            raise Invalid([Violation("validation_required_field", "place", message)])
        fields: GatewayFields = {"subnet": {"id": str(subnet.pk)}}
        if end.gateway_name:
            fields["name"] = end.gateway_name
        return create_gateway(actor, fields)
    except NotFound as error:
        raise Invalid(_prefixed(where, [v._replace(field="place") for v in error.violations])) from None
    except (Invalid, Conflict) as error:
        ours = {"name": "gateway_name", "subnet": "place"}
        renamed = [v._replace(field=ours.get(v.field.partition(".")[0], v.field)) for v in error.violations]
        raise type(error)(_prefixed(where, renamed)) from None


def _refuse_same_vpc(left: Gateway, right: Gateway) -> None:
    message = ""
    if left.pk == right.pk:
        message = "Both sides are the same gateway; choose another one."
    elif left.vpc_id == right.vpc_id:
        message = f"Both sides are in the VPC {left.vpc.name}, whose subnets reach each other anyway."
    if message:
        raise Invalid([Violation("validation_failure", "there.place", message)])


def _key_between(left: Gateway, right: Gateway) -> str:
    rows = Connection.objects.filter(gateway=left, peer_address=right.public_address, admin_state_up=True)
    row = rows.first()
    return (row.known_psk() if row else None) or new_key()


def _add_side(
    by: tuple[Actor, Account],
    gateways: tuple[Gateway, Gateway],
    ends: tuple[End, End],
    fields: ConnectionFields,
    where: str,
) -> Connection:
    local: LocalFields = {"cidrs": list(ends[0].local_cidrs)}
    peer: PeerFields = {"address": gateways[1].public_address, "cidrs": list(ends[1].local_cidrs)}
    whole: ConnectionFields = {**fields, "local": local, "peer": peer}
    try:
        return add_connection(*by, gateways[0], _named(whole, ends[0].name))
    except (Invalid, Conflict) as error:
        raise type(error)(_prefixed(where, error.violations)) from None


def _other_side(peer: Gateway, row: Connection, local: list[str], remote: list[str]) -> Connection | None:
    """The connection that already is the other side of `row`."""
    rows = Connection.objects.filter(gateway=peer, peer_address=row.gateway.public_address)
    for one in rows.prefetch_related("cidrs"):
        own, theirs = cidrs_of(one)
        if set(own) == set(local) and set(theirs) == set(remote):
            return one
    return None


def _named(fields: ConnectionFields, name: str) -> ConnectionFields:
    return {**fields, "name": name} if name else fields


def _prefixed(where: str, violations: Iterable[Violation]) -> list[Violation]:
    return [v._replace(field=f"{where}.{v.field}" if v.field else where) for v in violations]
