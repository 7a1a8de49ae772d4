"""Step 4 of the wizard: everything on one page, created in one transaction."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, Violation
from console.core.web.pages import form_page
from console.core.web.requests import ConsoleRequest
from policies.models import IKEPolicy
from vpn.domain.connection_drafts import DECLARED
from vpn.models import Gateway, Subnet, WizardDraft
from vpn.services.fields import ConnectionFields
from vpn.services.gateways import check_gateway, create_gateway, create_gateway_with_connection
from vpn.services.quotas import quotas_of
from vpn.web.forms.wizard import SecurityForm, WizardConnectionForm, WizardGatewayForm
from vpn.web.wizard.connection import connection_fields, connection_form, connection_violations
from vpn.web.wizard.drafts import consume, get_draft, step_data, subnet_of
from vpn.web.wizard.picture import Picture, Side, picture
from vpn.web.wizard.policies import not_created_violations, unfinished_policies
from vpn.web.wizard.request_code import curl, python
from vpn.web.wizard.steps import step_context

_SECURITY = ("ike_policy", "ipsec_policy")


class Use(NamedTuple):
    """The usage of a quota after the creation."""

    after: int
    limit: int
    noun: str
    place: str = ""

    @property
    def over(self) -> bool:
        return self.after > self.limit


class DraftValues(NamedTuple):
    """The values of the draft: the validated steps, and the connection's fields unless it is skipped."""

    gateway: WizardGatewayForm
    connection: WizardConnectionForm
    security: SecurityForm
    wanted: ConnectionFields | None
    not_created_violations: list[Violation]


class ReviewError(NamedTuple):
    """A violation, and the address of the field that it concerns."""

    url: str
    message: str


@form_page(Role.EDITOR)
def review_step(request: ConsoleRequest, draft_id: UUID) -> HttpResponse:
    """Step 4. Validates everything again; the button creates it."""
    draft = get_draft(request, draft_id)
    if draft.gateway_id:
        return redirect("wizard_progress", gateway_id=draft.gateway_id)
    values = _draft_values(request, draft)
    invalid = _invalid_values(values)
    if request.method != "POST" or invalid:
        return _render_step(request, draft, values, invalid or _broken(request, draft, values))
    try:
        made = consume(draft, lambda: _create(request, values))
    except (Invalid, Conflict) as error:
        return _render_step(request, draft, values, list(error.violations))
    return redirect("wizard_progress", gateway_id=made)


def _draft_values(request: ConsoleRequest, draft: WizardDraft) -> DraftValues:
    gateway = WizardGatewayForm(step_data(draft, "gateway"), actor=request.actor)
    connection = connection_form(request, draft, bound=True)
    security = SecurityForm(step_data(draft, "security"), actor=request.actor)
    for form in (gateway, connection, security):
        form.is_valid()
    if draft.data.get("skip"):
        return DraftValues(gateway, connection, security, None, [])
    wanted = connection_fields(request, draft, connection)
    return DraftValues(
        gateway, connection, security, wanted, not_created_violations(unfinished_policies(draft))
    )


def _invalid_values(values: DraftValues) -> list[Violation]:
    """Values that a form rejects, references to objects deleted meanwhile, and policies filled in but not
    created: they must not be treated as omitted."""
    forms: list[tuple[str, Form]] = [("gateway", values.gateway)]
    if values.wanted is not None:
        forms += [("connection", values.connection), ("connection", values.security)]
    found = [
        Violation("validation_failure", f"{where}.{name}", f"{form[name].label}: {message}")
        for where, form in forms
        for name, messages in form.errors.items()
        for message in messages
    ]
    return found + [v._replace(field=f"connection.{v.field}") for v in values.not_created_violations]


def _create(request: ConsoleRequest, values: DraftValues) -> UUID:
    gateway = values.gateway.given()
    if values.wanted is None:
        return create_gateway(request.actor, gateway).pk
    row, _ = create_gateway_with_connection(request.actor, gateway=gateway, connection=values.wanted)
    return row.pk


def _broken(request: ConsoleRequest, draft: WizardDraft, values: DraftValues) -> list[Violation]:
    """The violations of a creation, shown before the form is submitted."""
    found = [("gateway", v) for v in check_gateway(request.actor, values.gateway.given())]
    if values.wanted is not None:
        found += [("connection", v) for v in connection_violations(request, draft, values.connection)]
    return [v._replace(field=f"{where}.{v.field}") for where, v in found]


def _render_step(
    request: ConsoleRequest, draft: WizardDraft, values: DraftValues, broken: list[Violation]
) -> HttpResponse:
    subnet = subnet_of(draft)
    ike, ipsec = values.security.chosen()
    origin = request.build_absolute_uri("/").rstrip("/")
    gateway, wanted = values.gateway.given(), values.wanted
    context = step_context(request, draft, 4) | {
        "gateway": values.gateway.cleaned_data,
        "connection": None if wanted is None else values.connection.cleaned_data,
        "ike": ike,
        "ipsec": ipsec,
        "key_length": len(draft.open_psk()),
        "subnet": subnet,
        "picture": _picture(values, subnet, ike),
        "uses": _uses(request, subnet, wanted),
        "curl": curl(origin, gateway, wanted),
        "python": python(origin, gateway, wanted),
        "errors": [_review_error(draft, v, values) for v in broken],
    }
    return render(request, "vpn/gateways/wizard_review.html", context)


def _uses(request: ConsoleRequest, subnet: Subnet | None, wanted: ConnectionFields | None) -> list[Use]:
    limits = quotas_of(request.actor.account_id)
    zones = list(Gateway.objects.owned_by(request.actor).values_list("subnet__zone", flat=True))
    uses = [Use(len(zones) + 1, limits.gateways, "gateways of the account")]
    if subnet is not None:
        uses.append(
            Use(zones.count(subnet.zone) + 1, limits.gateways_per_zone, "gateways in the zone", subnet.zone)
        )
    if wanted is not None:
        uses.append(Use(1, limits.connections_per_gateway, "connections of the gateway"))
        local, peer = (len(DECLARED[f"{side}_cidrs"].value_in(wanted, ())) for side in ("local", "peer"))
        uses.append(Use(local, limits.cidrs_per_connection, "local CIDRs of the connection"))
        uses.append(Use(peer, limits.cidrs_per_connection, "peer CIDRs of the connection"))
    return uses


def _picture(values: DraftValues, subnet: Subnet | None, ike: IKEPolicy | None) -> Picture:
    place = f"VPC {subnet.vpc.name}" if subnet else "No VPC yet"
    detail = f"subnet {subnet.name}, {subnet.ipv4_cidr_block}" if subnet else ""
    entered = values.connection.cleaned_data
    own = entered.get("local_cidrs", []) if values.wanted is not None else []
    here = Side(place, detail, values.gateway.cleaned_data.get("name") or "a generated name", own)
    if values.wanted is None:
        return picture(here, None)
    peer = entered.get("peer_address") or "no address yet"
    there = Side("The other side", "", peer, entered.get("peer_cidrs", []))
    suite = f"IKE policy {ike.name}" if ike else "auto-negotiated"
    return picture(here, there, line=entered.get("name", ""), suite=suite)


def _review_error(draft: WizardDraft, violation: Violation, values: DraftValues) -> ReviewError:
    """With a link to the field; the step returns to the review."""
    where, _, rest = violation.field.partition(".")
    if where != "connection":
        step, field = "wizard_gateway", values.gateway.field_of(rest) or "name"
    elif rest.partition(".")[0] in _SECURITY:
        step, field = "wizard_security", rest.partition(".")[0]
    else:
        step, field = "wizard_connection", values.connection.field_of(rest) or "name"
    url = reverse(step, kwargs={"draft_id": draft.pk})
    return ReviewError(f"{url}?to=review#id_{field}", violation.message)
