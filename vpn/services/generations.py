"""Increments generations after changes of the desired state, and requests reconcile runs on commit."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet

from console.core.errors import Conflict, Violation
from policies.models import IKEPolicy, IPsecPolicy
from vpn.models import Connection, Gateway, Vpc
from vpn.triggers import request_network, request_reconcile


def lock_gateway(gateway_id: UUID) -> None:
    """Locks the gateway's row before those of its connections. Observations are recorded in the same order,
    so that the two never deadlock. SQLite has only one writer anyway."""
    if connection.features.has_select_for_update:
        Gateway.objects.select_for_update(no_key=True).filter(pk=gateway_id).values_list("pk").first()


def refuse_deleting(gateway: Gateway) -> None:
    """Raises Conflict if the gateway is being deleted."""
    if gateway.deleted_at is not None:
        message = f"The VPN gateway {gateway.name} is being deleted and can no longer be changed."
        raise Conflict([Violation("vpn_gateway_invalid_state", "id", message)])


def bump_generations(gateways: QuerySet[Gateway]) -> None:
    """Increment the generation of each and request a reconcile run."""
    for gateway in gateways.only("id", "node"):
        bump_generation(gateway)


def bump_generation(gateway: Gateway) -> None:
    Gateway.objects.filter(pk=gateway.pk).update(
        generation=F("generation") + 1, stamp=F("stamp") + 1, work_requested=F("work_requested") + 1
    )
    request_reconcile(gateway.pk, gateway.node)


def mark_due(gateways: QuerySet[Gateway]) -> None:
    """Request a reconcile run for each, although nothing changed."""
    gateways.update(work_requested=F("work_requested") + 1)
    for ident, node in gateways.values_list("id", "node"):
        request_reconcile(ident, node)


def bump_revision(gateway: Gateway) -> None:
    """For a change that only pages show and that needs no reconcile run."""
    Gateway.objects.filter(pk=gateway.pk).update(stamp=F("stamp") + 1)


def bump_network_generation(vpc: Vpc) -> None:
    Vpc.objects.filter(pk=vpc.pk).update(generation=F("generation") + 1)
    request_network(vpc.pk, vpc.node)


def policy_was_changed(policy: IKEPolicy | IPsecPolicy, **_: object) -> None:
    """Receiver of `policies.signals.policy_changed`, for every gateway that uses the policy."""
    word = "ike_policy" if isinstance(policy, IKEPolicy) else "ipsec_policy"
    gateways = Gateway.objects.filter(**{f"connections__{word}": policy}).distinct()
    if isinstance(policy, IKEPolicy):
        _refuse_diverging_offers(gateways)
    bump_generations(gateways)


def _refuse_diverging_offers(gateways: QuerySet[Gateway]) -> None:
    """Enabled connections to one peer share an IKE SA: an edit must not make their offers differ.

    Raises Conflict, which undoes the edit.
    """
    rows = Connection.objects.filter(gateway__in=gateways, admin_state_up=True).select_related("ike_policy")
    known: dict[tuple[UUID, str], Connection] = {}
    for row in rows:
        first = known.setdefault((row.gateway_id, row.peer_key), row)
        if first.ike_offer() != row.ike_offer():
            message = (
                f"The connections {first.name} and {row.name} lead to the same peer and share one IKE SA; "
                "after this edit their IKE policies would differ. Give both the same policy first."
            )
            raise Conflict([Violation("validation_failure", "", message)])
