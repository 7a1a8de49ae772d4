"""The wizard's drafts, of one person in one account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.forms import Form
from django.http import QueryDict
from django.utils import timezone

from console.core.errors import not_found
from console.core.identifiers import parse_uuid
from console.core.web.requests import ConsoleRequest
from vpn.models import Subnet, WizardDraft

_KEPT_FOR = timedelta(hours=24)
_LISTED = 10
# Of one person in one account; a further draft replaces the oldest.
_MOST = 20


class UnfinishedDraft(NamedTuple):
    """A draft that can be continued; `step` is the route of the next step, `about` distinguishes it
    from other drafts."""

    draft: WizardDraft
    name: str
    step: str
    about: str
    changed_at: datetime


def new_draft(request: ConsoleRequest) -> WizardDraft:
    """A draft that is not saved yet. Also deletes expired drafts."""
    WizardDraft.objects.filter(expires_at__lt=timezone.now()).delete()
    return WizardDraft(
        account_id=request.actor.account_id,
        user=request.user,
        expires_at=timezone.now() + _KEPT_FOR,
        data={"gateway": {}, "connection": {}, "security": {}, "skip": False},
    )


def get_draft(request: ConsoleRequest, draft_id: UUID) -> WizardDraft:
    """Raises NotFound for another person's, another account's, or an expired one."""
    draft = _own_drafts(request).filter(pk=draft_id).first()
    if draft is None:
        raise not_found("not_found", "draft", draft_id)
    return draft


def get_or_start_draft(request: ConsoleRequest, ident: str | None) -> WizardDraft:
    """The draft with that id, or a new one that is saved under it. Raises NotFound for another person's."""
    draft, wanted = new_draft(request), parse_uuid(ident)
    if wanted is None:
        return draft
    if WizardDraft.objects.filter(pk=wanted).exists():
        return get_draft(request, wanted)
    draft.pk = wanted
    return draft


def unfinished_drafts(request: ConsoleRequest) -> list[UnfinishedDraft]:
    """The drafts that this person can continue, the newest first."""
    rows = list(_own_drafts(request).filter(gateway_id=None).order_by("-created_at")[:_LISTED])
    chosen = [parse_uuid(step_data(row, "gateway").get("subnet")) for row in rows]
    subnets = Subnet.objects.filter(account_id=request.actor.account_id, pk__in=[pk for pk in chosen if pk])
    names = {str(pk): name for pk, name in subnets.values_list("pk", "name")}
    found = [
        UnfinishedDraft(
            row,
            _title(row),
            _next_step(row),
            _about(row, names.get(str(subnet), "")),
            _changed_at(row),
        )
        for row, subnet in zip(rows, chosen, strict=True)
    ]
    return sorted(found, key=lambda one: one.changed_at, reverse=True)


def discard(request: ConsoleRequest, draft_id: UUID) -> None:
    """Raises NotFound."""
    get_draft(request, draft_id).delete()


def save_field(draft: WizardDraft, values: dict[str, Any], posted: QueryDict, *, psk: str = "") -> None:
    """As `save_draft`, for a field that lost the focus: a submission of its whole page is newer, even if
    it is processed first."""
    save_draft(draft, values, psk=psk, since=posted.get("taken", ""))


def next_submission(draft: WizardDraft) -> dict[str, Any]:
    """For the draft's data: counts one more submission of a whole page."""
    return {"taken": int(draft.data.get("taken", 0)) + 1}


def save_draft(draft: WizardDraft, values: dict[str, Any], *, psk: str = "", since: str = "") -> None:
    """Add `values` to the draft's data, and encrypt `psk` if there is one; a consumed draft stays as it is.

    Only these columns are written, so a key that is stored meanwhile is not undone. Nothing is written
    if a page was submitted after `since`, the number of submissions as text. Raises NotFound if the draft
    was discarded meanwhile.
    """
    values = values | {"kept_at": timezone.now().isoformat()}
    if draft._state.adding and _inserted(draft, values, psk):
        return
    with transaction.atomic():
        mine = {"account_id": draft.account_id, "user_id": draft.user_id}
        row = WizardDraft.objects.select_for_update().filter(pk=draft.pk, **mine).first()
        if row is None:
            raise not_found("not_found", "draft", draft.pk)
        late = since not in ("", str(row.data.get("taken", 0)))
        if row.gateway_id is None and not late:
            draft.data = row.data | values
            columns = ["data"]
            if psk:
                draft.seal_psk(psk)
                columns.append("psk_sealed")
            draft.save(update_fields=columns)


def _inserted(draft: WizardDraft, values: dict[str, Any], psk: str) -> bool:
    """False if another request of the same page was first."""
    draft.data |= values
    draft.seal_psk(psk)
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
            _drop_oldest(draft)
    except IntegrityError:
        draft._state.adding = False
        return False
    return True


def _drop_oldest(draft: WizardDraft) -> None:
    """Delete all but the latest drafts of this person."""
    own = WizardDraft.objects.filter(account_id=draft.account_id, user_id=draft.user_id)
    kept = own.order_by("-created_at").values("pk")[:_MOST]
    own.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


def raw_values(form: Form) -> dict[str, Any]:
    """What was entered, as text or lists of text, valid or not, without the key."""
    found: dict[str, Any] = {}
    for name, field in form.fields.items():
        if name != "psk":
            value = field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
            found[name] = value if isinstance(value, list) else str(value or "")
    return found


def consume(draft: WizardDraft, make: Callable[[], UUID]) -> UUID:
    """Create what the draft describes, once: a second call returns the id that the first one created.

    `make` returns the id of a gateway. If it raises, the draft stays as it is.
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


def step_data(draft: WizardDraft, name: str) -> dict[str, Any]:
    """The raw fields of the step `gateway`, `connection` or `security`, or of a `pair`."""
    return dict(draft.data.get(name) or {})


def subnet_of(draft: WizardDraft) -> Subnet | None:
    """The subnet selected in step 1, if the account still has it."""
    ident = parse_uuid(step_data(draft, "gateway").get("subnet"))
    if ident is None:
        return None
    rows = Subnet.objects.filter(account_id=draft.account_id, pk=ident)
    return rows.select_related("vpc").first()


def _title(draft: WizardDraft) -> str:
    if step_data(draft, "pair"):
        return "Two of my VPCs"
    return str(step_data(draft, "gateway").get("name") or "New gateway")


def _about(draft: WizardDraft, subnet: str) -> str:
    if pair := step_data(draft, "pair"):
        return " and ".join(str(pair[name]) for name in ("here_cidrs", "there_cidrs") if pair.get(name))
    peer = step_data(draft, "connection").get("peer_address")
    details = (f"in {subnet}" if subnet else "", f"peer {peer}" if peer else "")
    return ", ".join(text for text in details if text)


def _changed_at(draft: WizardDraft) -> datetime:
    kept = draft.data.get("kept_at")
    return datetime.fromisoformat(kept) if kept else draft.created_at


def has_subnet(draft: WizardDraft) -> bool:
    """Whether step 1 is complete: a subnet is selected, and no new one is half described."""
    return bool(step_data(draft, "gateway").get("subnet")) and not step_data(draft, "home")


def _next_step(draft: WizardDraft) -> str:
    """The first incomplete step."""
    if step_data(draft, "pair"):
        return "connect_review"
    if not has_subnet(draft):
        return "wizard_gateway"
    if draft.data.get("skip") or step_data(draft, "security"):
        return "wizard_review"
    return "wizard_connection"


def _own_drafts(request: ConsoleRequest) -> QuerySet[WizardDraft]:
    return WizardDraft.objects.filter(
        account_id=request.actor.account_id, user=request.user, expires_at__gt=timezone.now()
    )
