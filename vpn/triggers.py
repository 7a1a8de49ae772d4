"""Requests to the workers to reconcile something. They carry only an id: what to do is in the rows.

They are sent after commit and by task name. Nothing is lost while the broker is down: the sweep finds
every row whose generation was not observed yet.
"""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from console.core.breaker import Breaker
from console.core.queues import node_queue

log = logging.getLogger(__name__)

RECONCILE_GATEWAY = "vpn.tasks.reconcile_gateway"
RECONCILE_NETWORK = "vpn.tasks.reconcile_network"
READ_LOG = "vpn.tasks.read_log"
# A broker that hangs costs each sender the full timeout; the next sweep comes at about the end of this rest.
broker = Breaker(rest=3.0)


def request_reconcile(gateway_id: UUID, node: str) -> None:
    """Have this gateway reconciled once the present transaction is committed."""
    transaction.on_commit(partial(send, RECONCILE_GATEWAY, gateway_id, node))


def request_network(vpc_id: UUID, node: str) -> None:
    """Have this VPC's network reconciled once the present transaction is committed."""
    transaction.on_commit(partial(send, RECONCILE_NETWORK, vpc_id, node))


def send(task: str, ident: UUID, node: str, *, seconds: float = 0) -> None:
    """Hand one request to the broker, to be served `seconds` from now."""
    if not settings.REDIS_URL or not broker.allows():
        return
    try:
        current_app.send_task(
            task, args=[str(ident)], queue=node_queue(node), countdown=seconds or None, expires=600
        )
    except (OperationalError, OSError) as error:
        broker.failed()
        log.warning("broker is down (%s): the sweep will find %s", type(error).__name__, ident)
    else:
        broker.worked()
