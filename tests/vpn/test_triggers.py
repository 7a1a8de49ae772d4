"""Requests reach the queue of the right host, after commit, and never make the change itself fail."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from celery import Celery
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from console.core.breaker import Breaker
from console.project.celery import app as product
from console.project.celery import with_patience
from tests.vpn.scene import make_scene
from vpn import triggers
from vpn.models import Node, Vpc
from vpn.services import networks

pytestmark = pytest.mark.django_db


def test_nothing_is_sent_before_the_commit(sent, django_capture_on_commit_callbacks):
    scene = make_scene()
    with django_capture_on_commit_callbacks(execute=True):
        gateway = scene.gateway(scene.left)
        assert sent == []
    assert sent == [(triggers.RECONCILE_GATEWAY, str(gateway.pk), f"node.{gateway.node}")]


def test_nothing_is_sent_after_a_rollback(sent, django_capture_on_commit_callbacks):
    scene = make_scene()
    failing = pytest.raises(ZeroDivisionError)
    with django_capture_on_commit_callbacks(execute=True), failing, transaction.atomic():
        scene.gateway(scene.left)
        raise ZeroDivisionError
    assert sent == []


def test_a_broker_that_is_away_is_not_waited_for(monkeypatch, settings, tmp_path, caplog):
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"
    away = Celery("away", set_as_current=False, broker=f"redis+socket://{tmp_path}/none.sock")
    away.conf.update({"task_publish_retry": product.conf.task_publish_retry})
    away.conf.broker_transport_options = product.conf.broker_transport_options
    monkeypatch.setattr(triggers, "current_app", away)
    began = time.monotonic()
    triggers.send(triggers.RECONCILE_GATEWAY, uuid4(), "here")
    assert time.monotonic() - began < 3
    assert "broker is down" in caplog.text


def test_a_broker_that_failed_is_left_alone_for_a_while(monkeypatch, settings):
    settings.REDIS_URL = "unix:///somewhere"
    now, asked, faults = [100.0], [], [OperationalError("Timeout")]

    def send_task(name, **_):
        asked.append(name)
        if faults:
            raise faults[0]

    monkeypatch.setattr(triggers.current_app, "send_task", send_task)
    monkeypatch.setattr(triggers, "broker", Breaker(rest=3.0, clock=lambda: now[0]))
    for _ in range(5):
        triggers.send(triggers.RECONCILE_GATEWAY, uuid4(), "here")
    assert len(asked) == 1
    now[0] += 3.0
    for _ in range(5):
        triggers.send(triggers.RECONCILE_GATEWAY, uuid4(), "here")
    assert len(asked) == 2, "one tries whether it is back"
    now[0] += 3.0
    faults.clear()
    for _ in range(5):
        triggers.send(triggers.RECONCILE_GATEWAY, uuid4(), "here")
    assert len(asked) == 7


def test_a_publisher_has_less_patience_than_a_worker():
    options = product.conf.broker_transport_options
    assert options["socket_timeout"] <= 0.5
    try:
        with_patience()
        assert product.conf.broker_transport_options == options | {"socket_timeout": 2}
    finally:
        product.conf.broker_transport_options = options


def test_a_new_vpc_goes_to_the_host_with_the_fewest(settings):
    settings.NODE = "web-only"
    scene = make_scene()
    assert set(Vpc.objects.values_list("node", flat=True)) == {"web-only"}
    for name in ("alpha", "beta"):
        Node.objects.create(name=name, driver="simulated")
    Node.objects.create(name="gone", driver="simulated", seen_at=timezone.now() - timedelta(hours=1))
    nodes = [networks.create_vpc(scene.actor, {"name": f"v{n}"}).node for n in range(3)]
    assert nodes == ["alpha", "beta", "alpha"]
