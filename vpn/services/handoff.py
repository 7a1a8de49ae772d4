"""The hand-off to the peer's engineer: parameters, files, and links that need no account."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from console.core.actor import Actor, Role, Via
from console.core.audit import record
from console.core.errors import Conflict, Invalid, Violation, not_found
from console.core.services.change import change
from vpn.domain.spec import Secret
from vpn.handoff.parameters import End, Parameters
from vpn.handoff.vendors import VENDORS, Vendor
from vpn.models import Connection, HandoffLink
from vpn.services.connections import cidrs_of, get_connection

Result = TypeVar("Result")

# Lifetimes of links in hours, with labels; the first is the default.
LIFETIMES = {24: "1 day", 1: "1 hour", 168: "7 days"}
MAX_LINKS = 20
READ_BY_LINK = "reader of a shared link"
_RECORDED_EVERY = timedelta(minutes=1)


def parameters_of(row: Connection) -> Parameters:
    """The connection from the peer's point of view, without the key. `row` is from `get_connection`."""
    local, peer = cidrs_of(row)
    own = row.gateway.public_address
    return Parameters(
        connection_id=row.pk,
        name=row.name,
        gateway=row.gateway.name,
        yours=End(row.peer, row.peer_identity_text(), tuple(peer)),
        ours=End(own, row.local_identity_text(), tuple(local)),
        ike=row.ike_offer(),
        esp=row.esp_offer(),
        dpd_interval=row.dpd_interval,
        dpd_timeout=row.dpd_timeout,
        gateway_initiates=row.establish_mode == "bidirectional",
    )


def find_vendor(slug: str) -> Vendor:
    """Raises NotFound."""
    if slug not in VENDORS:
        raise not_found("not_found", "kind of device", slug[:64])
    return VENDORS[slug]


def disclose_key(
    actor: Actor, gateway_id: UUID, connection_id: UUID, device: str, use: Callable[[Secret], Result]
) -> Result:
    """The result of `use` for the key in clear; the audit trail records who read it and why.

    If `use` raises, nothing is recorded. Also raises NotAllowed, NotFound and
    console.core.encryption.DecryptionError.
    """
    with change(actor, Role.EDITOR):
        row = get_connection(actor, gateway_id, connection_id)
        record(actor, "vpn_connection.handoff_key", row, {"device": (None, device)})
        return use(Secret(row.psk_id, row.open_psk()))


def links_of(row: Connection) -> QuerySet[HandoffLink]:
    """Newest first. Expired links are deleted when the next one is created."""
    return HandoffLink.objects.filter(connection=row).order_by("-created_at")


def create_link(
    actor: Actor, gateway_id: UUID, connection_id: UUID, *, hours: int
) -> tuple[HandoffLink, str]:
    """The row, and the secret part of the link, which cannot be shown again.

    Raises NotAllowed, NotFound, Invalid for another lifetime, Conflict when there are too many.
    """
    if hours not in LIFETIMES:
        words = ", ".join(LIFETIMES.values())
        raise Invalid([Violation("validation_enum", "hours", f"A link is valid for one of: {words}.")])
    token = secrets.token_urlsafe(32)
    with change(actor, Role.EDITOR):
        row = get_connection(actor, gateway_id, connection_id)
        links_of(row).filter(expires_at__lte=timezone.now()).delete()
        if links_of(row).count() >= MAX_LINKS:
            message = f"This connection has {MAX_LINKS} links already; revoke one that is not needed."
            raise Conflict([Violation("validation_failure", "", message)])
        link = HandoffLink.objects.create(
            account_id=actor.account_id,
            connection=row,
            digest=digest_of(token),
            created_by=actor.who[:150],
            expires_at=timezone.now() + timedelta(hours=hours),
        )
        changes = {"link": (None, link.pk), "expires_at": (None, link.expires_at)}
        record(actor, "vpn_connection.handoff_share", row, changes)
    return link, token


def revoke_link(actor: Actor, gateway_id: UUID, connection_id: UUID, link_id: UUID) -> None:
    """Revokes the link. Raises NotAllowed, NotFound."""
    with change(actor, Role.EDITOR):
        row = get_connection(actor, gateway_id, connection_id)
        if not links_of(row).filter(pk=link_id).delete()[0]:
            raise not_found("not_found", "link", link_id)
        record(actor, "vpn_connection.handoff_revoke", row, {"link": (link_id, None)})


def read_link(token: str, *, address: str, request_id: str) -> HandoffLink | None:
    """A valid link with its connection; its use is recorded at most once a minute.

    In the audit trail its reader has no name, only an address.
    """
    now = timezone.now()
    links = HandoffLink.objects.filter(digest=digest_of(token), expires_at__gt=now)
    link = links.filter(connection__gateway__deleted_at=None).select_related("connection").first()
    if link is None:
        return None
    actor = Actor(link.account_id, READ_BY_LINK, Role.VIEWER, Via.CONSOLE, address, request_id)
    link.connection = get_connection(actor, link.connection.gateway_id, link.connection_id)
    with transaction.atomic():
        unrecorded = Q(read_at=None) | Q(read_at__lt=now - _RECORDED_EVERY)
        if HandoffLink.objects.filter(unrecorded, pk=link.pk).update(read_at=now):
            record(actor, "vpn_connection.handoff_read", link.connection, {"link": (None, link.pk)})
    return link


def digest_of(token: str) -> str:
    """Tokens are random (256 bits), so a plain hash keeps them safe and is fast to look up."""
    return hashlib.sha256(token.encode()).hexdigest()
