"""A wanted column changed: count it, and have the gateway looked at after commit."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.utils import timezone

from policies.models import IKEPolicy, IPsecPolicy
from vpn.models import Gateway, Vpc
from vpn.triggers import request_network, request_reconcile


def touch_gateways(gateways: QuerySet[Gateway]) -> None:
    """Raise the generation of each and request a pass over it."""
    for gateway in gateways.only("id", "node"):
        touch_gateway(gateway)


def touch_gateway(gateway: Gateway) -> None:
    Gateway.objects.filter(pk=gateway.pk).update(
        generation=F("generation") + 1, stamp=F("stamp") + 1, look_at=timezone.now()
    )
    request_reconcile(gateway.pk, gateway.node)


def show_gateway(gateway: Gateway) -> None:
    """Something that only pages show has changed: nothing to do for the data plane."""
    Gateway.objects.filter(pk=gateway.pk).update(stamp=F("stamp") + 1)


def touch_network(vpc: Vpc) -> None:
    Vpc.objects.filter(pk=vpc.pk).update(generation=F("generation") + 1)
    request_network(vpc.pk, vpc.node)


def policy_was_changed(policy: IKEPolicy | IPsecPolicy, **_: object) -> None:
    """Receiver of `policies.signals.policy_changed`: reaches every gateway that uses it."""
    word = "ike_policy" if isinstance(policy, IKEPolicy) else "ipsec_policy"
    touch_gateways(Gateway.objects.filter(**{f"connections__{word}": policy}).distinct())
