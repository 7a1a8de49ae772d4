"""The wizard's memory: drafts of one person in one account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.forms import Form
from django.utils import timezone

from console.errors import not_found
from console.web.requests import ConsoleRequest
from vpn.models import WizardDraft
from vpn.services.fields import ConnectionFields, GatewayFields
from vpn.services.gateways import create_gateway, create_gateway_with_connection

_KEPT_FOR = timedelta(hours=24)


def new_draft(request: ConsoleRequest) -> WizardDraft:
    """Not yet saved. Takes the occasion to forget drafts that are over."""
    WizardDraft.objects.filter(expires_at__lt=timezone.now()).delete()
    return WizardDraft(
        account_id=request.actor.account_id,
        user=request.user,
        expires_at=timezone.now() + _KEPT_FOR,
        data={"gateway": {}, "connection": {}, "skip": False},
    )


def get_draft(request: ConsoleRequest, draft_id: UUID) -> WizardDraft:
    """Raises NotFound for another person's, another account's, or an expired one."""
    draft = _mine(request).filter(pk=draft_id).first()
    if draft is None:
        raise not_found("not_found", "draft", draft_id)
    return draft


def unfinished(request: ConsoleRequest) -> WizardDraft | None:
    """The newest draft that a person could go on with."""
    return _mine(request).filter(gateway_id=None).order_by("-created_at").first()


def raw(form: Form) -> dict[str, str]:
    """What was entered, as text, right or wrong; the key is kept apart."""
    return {name: str(form.data.get(name, "")) for name in form.fields if name != "psk"}


def use_up(
    request: ConsoleRequest, draft: WizardDraft, gateway: GatewayFields, connection: ConnectionFields | None
) -> UUID:
    """Create what the draft says, once: a second call gives the id of what the first one made.

    Raises Invalid or Conflict; then the draft stays as it is.
    """
    with transaction.atomic():
        locked = WizardDraft.objects.select_for_update().get(pk=draft.pk)
        if locked.gateway_id is not None:
            return locked.gateway_id
        if connection is None:
            made = create_gateway(request.actor, gateway)
        else:
            made, _ = create_gateway_with_connection(request.actor, gateway=gateway, connection=connection)
        locked.gateway_id, locked.psk_sealed, locked.data = made.pk, "", {}
        locked.save(update_fields=["gateway_id", "psk_sealed", "data"])
    return made.pk


def part(draft: WizardDraft, name: str) -> dict[str, Any]:
    """The raw fields of the step `gateway` or `connection`."""
    return dict(draft.data.get(name) or {})


def _mine(request: ConsoleRequest) -> QuerySet[WizardDraft]:
    return WizardDraft.objects.filter(
        account_id=request.actor.account_id, user=request.user, expires_at__gt=timezone.now()
    )
