"""The wizard's memory: drafts of one person in one account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.forms import Form
from django.utils import timezone

from console.errors import not_found
from console.web.requests import ConsoleRequest
from vpn.models import Subnet, WizardDraft
from vpn.services.references import parse_id

_KEPT_FOR = timedelta(hours=24)
_LISTED = 10


class Unfinished(NamedTuple):
    """A draft that its person could go on with; `step` is the route to continue at."""

    draft: WizardDraft
    name: str
    step: str


def new_draft(request: ConsoleRequest) -> WizardDraft:
    """Not yet saved. Takes the occasion to forget drafts that are over."""
    WizardDraft.objects.filter(expires_at__lt=timezone.now()).delete()
    return WizardDraft(
        account_id=request.actor.account_id,
        user=request.user,
        expires_at=timezone.now() + _KEPT_FOR,
        data={"gateway": {}, "connection": {}, "security": {}, "skip": False},
    )


def get_draft(request: ConsoleRequest, draft_id: UUID) -> WizardDraft:
    """Raises NotFound for another person's, another account's, or an expired one."""
    draft = _mine(request).filter(pk=draft_id).first()
    if draft is None:
        raise not_found("not_found", "draft", draft_id)
    return draft


def unfinished(request: ConsoleRequest) -> list[Unfinished]:
    """What a person could go on with, the newest first."""
    rows = _mine(request).filter(gateway_id=None).order_by("-created_at")[:_LISTED]
    return [Unfinished(row, _title(row), _next_step(row)) for row in rows]


def discard(request: ConsoleRequest, draft_id: UUID) -> None:
    """Raises NotFound."""
    get_draft(request, draft_id).delete()


def keep(draft: WizardDraft, values: dict[str, Any], *, psk: str = "") -> None:
    """Add `values` to the draft's data, and seal `psk` if there is one; a used-up draft stays.

    Only what is meant is written: a key that is sealed anew meanwhile is not undone. Raises
    NotFound when the draft was discarded meanwhile.
    """
    if draft._state.adding:
        draft.data |= values
        draft.seal_psk(psk)
        draft.save(force_insert=True)
        return
    with transaction.atomic():
        row = WizardDraft.objects.select_for_update().filter(pk=draft.pk).first()
        if row is None:
            raise not_found("not_found", "draft", draft.pk)
        if row.gateway_id is None:
            draft.data = row.data | values
            columns = ["data"]
            if psk:
                draft.seal_psk(psk)
                columns.append("psk_sealed")
            draft.save(update_fields=columns)


def raw(form: Form) -> dict[str, Any]:
    """What was entered, as text or lists of it, right or wrong; the key is kept apart."""
    found: dict[str, Any] = {}
    for name, field in form.fields.items():
        if name != "psk":
            value = field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
            found[name] = value if isinstance(value, list) else str(value or "")
    return found


def use_up(draft: WizardDraft, make: Callable[[], UUID]) -> UUID:
    """Create what the draft says, once: a second call gives the id of what the first one made.

    `make` answers the id of a gateway. What it raises leaves the draft as it is.
    """
    with transaction.atomic():
        locked = WizardDraft.objects.select_for_update().filter(pk=draft.pk).first()
        if locked is None:
            raise not_found("not_found", "draft", draft.pk)
        if locked.gateway_id is not None:
            return locked.gateway_id
        locked.gateway_id, locked.psk_sealed, locked.data = make(), "", {}
        locked.save(update_fields=["gateway_id", "psk_sealed", "data"])
    return locked.gateway_id


def part(draft: WizardDraft, name: str) -> dict[str, Any]:
    """The raw fields of the step `gateway`, `connection` or `security`, or of a `pair`."""
    return dict(draft.data.get(name) or {})


def subnet_of(draft: WizardDraft) -> Subnet | None:
    """The subnet that step 1 chose, if it is still the account's."""
    ident = parse_id(part(draft, "gateway").get("subnet"))
    if ident is None:
        return None
    rows = Subnet.objects.filter(account_id=draft.account_id, pk=ident)
    return rows.select_related("vpc").first()


def _title(draft: WizardDraft) -> str:
    if part(draft, "pair"):
        return "Two of my VPCs"
    return str(part(draft, "gateway").get("name") or "New gateway")


def _next_step(draft: WizardDraft) -> str:
    """The first step that was not answered yet."""
    if part(draft, "pair"):
        return "connect_review"
    if not part(draft, "gateway").get("subnet"):
        return "wizard_gateway"
    if draft.data.get("skip") or part(draft, "security"):
        return "wizard_review"
    return "wizard_connection"


def _mine(request: ConsoleRequest) -> QuerySet[WizardDraft]:
    return WizardDraft.objects.filter(
        account_id=request.actor.account_id, user=request.user, expires_at__gt=timezone.now()
    )
