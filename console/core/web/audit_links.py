"""The pages of keys, members and the account itself."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from console.core.actor import Actor, Role
from console.core.models import Account, ApiKey, AuditEvent, Membership

_KINDS = ((ApiKey, "api_keys", "key"), (Membership, "members", "member"))


def own_pages(actor: Actor, events: Iterable[AuditEvent]) -> dict[tuple[str, str], str]:
    """As `console.core.registry.pages_of`; keys and members are shown to administrators only."""
    home = (Account.audit_type, str(actor.account_id))
    found = {home: reverse("account_home")}
    if not actor.may(Role.ADMINISTRATOR):
        return found
    named = {(event.target_type, event.target_id) for event in events}
    for model, page, prefix in _KINDS:
        kind = model.audit_type
        if any(one == kind for one, _ in named):
            rows = model._default_manager.filter(account_id=actor.account_id)
            for pk in rows.values_list("pk", flat=True):
                found[kind, str(pk)] = f"{reverse(page)}#{prefix}-{pk}"
    return found
