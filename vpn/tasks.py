"""What workers run. Arguments are ids; everything else is in the rows."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from console.core.models import AuditEvent
from console.core.queues import node_queue
from console.core.services.impersonation import end_lapsed_impersonations
from console.core.services.sign_in_limits import forget_old_failures
from console.core.services.sign_ins import end_lapsed_sessions
from vpn.models import HandoffLink, StatusChange, WizardDraft
from vpn.reconcile.controller import reconcile_if_due
from vpn.reconcile.log import keep_log
from vpn.reconcile.networks import reconcile_vpc
from vpn.reconcile.restart import forget_observations
from vpn.reconcile.sweep import live_nodes, sweep_host
from vpn.reconcile.traffic import prune_traffic


@worker_ready.connect
def forget_old_observations(**_: object) -> None:
    """The host or its worker may have been down for a while."""
    forget_observations(settings.NODE)


@shared_task(name="vpn.tasks.reconcile_gateway")
def reconcile_gateway(gateway_id: str) -> None:
    reconcile_if_due(UUID(gateway_id))


@shared_task(name="vpn.tasks.reconcile_network")
def reconcile_network(vpc_id: str) -> None:
    reconcile_vpc(UUID(vpc_id))


@shared_task(name="vpn.tasks.read_log")
def read_log(connection_id: str) -> None:
    """Read the log of a tunnel that a page requested."""
    keep_log(UUID(connection_id))


@shared_task(name="vpn.tasks.sweep")
def sweep() -> None:
    """Beat's tick: every host sweeps all that it carries."""
    for node in live_nodes():
        sweep_node.apply_async(queue=node_queue(node), expires=settings.SWEEP_SECONDS)


@shared_task(name="vpn.tasks.sweep_node")
def sweep_node() -> None:
    sweep_host(settings.NODE)


@shared_task(name="vpn.tasks.prune_history")
def prune_history() -> None:
    SessionStore.clear_expired()
    WizardDraft.objects.filter(expires_at__lt=timezone.now()).delete()
    HandoffLink.objects.filter(expires_at__lt=timezone.now() - timedelta(days=7)).delete()
    oldest = timezone.now() - timedelta(days=settings.HISTORY_DAYS)
    StatusChange.objects.filter(at__lt=oldest).delete()
    AuditEvent.objects.filter(at__lt=oldest - timedelta(days=365)).delete()


@shared_task(name="vpn.tasks.end_acting")
def end_impersonation() -> None:
    """Nobody else sees a sign-in run out."""
    end_lapsed_impersonations()
    end_lapsed_sessions()
    forget_old_failures()


@shared_task(name="vpn.tasks.prune_samples")
def prune_samples() -> None:
    prune_traffic()
