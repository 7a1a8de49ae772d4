"""The audit trail's only writer: called inside the transaction of the change it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from console.actor import Actor, Via
from console.models import AuditEvent

# Of these only the fact of a change is kept, never a value.
SECRETS = frozenset({"psk", "psk_sealed", "psk_id", "password", "digest", "key"})
CHANGED = "changed"


def record(
    actor: Actor, action: str, target: Model, changes: Mapping[str, tuple[object, object]]
) -> AuditEvent:
    """One event: `actor` did `action` (for example "gateway.create") to `target`.

    `changes` is {field: (before, after)}; fields that did not change are left out, secrets are
    kept as the word "changed". Must run in the transaction of the change itself.
    """
    return AuditEvent.objects.create(
        account_id=actor.account_id,
        who=actor.who[:150],
        via=actor.via.value,
        address=actor.address[:45],
        request_id=actor.request_id[:64],
        action=action,
        target_type=str(target._meta.verbose_name)[:32],
        target_id=str(target.pk),
        target_name=str(getattr(target, "name", "") or target)[:150],
        changes={
            field: CHANGED if field in SECRETS else [_plain(before), _plain(after)]
            for field, (before, after) in changes.items()
            if before != after
        },
    )


def record_person(
    action: str,
    person: Model,
    fields: Iterable[str],
    *,
    who: str,
    address: str,
    request_id: str,
    via: Via = Via.ADMIN,
) -> AuditEvent:
    """A change of a person, who belongs to no account: which fields, never their values."""
    return AuditEvent.objects.create(
        who=who[:150],
        via=via.value,
        address=address[:45],
        request_id=request_id[:64],
        action=action,
        target_type=str(person._meta.verbose_name),
        target_id=str(person.pk),
        target_name=str(person)[:150],
        changes=dict.fromkeys(fields, CHANGED),
    )


def _plain(value: object) -> Any:
    """The value as JSON keeps it; anything unusual as its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return str(value)
