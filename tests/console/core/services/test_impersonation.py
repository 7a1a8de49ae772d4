"""Impersonation always has an end in the audit trail, however the session ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from console.core.models import AuditEvent, User
from console.core.services.impersonation import end_lapsed_impersonations
from console.project.celery import app
from tests.adminsite import superuser
from tests.factories import Party
from vpn import tasks

LIFETIME = timedelta(seconds=settings.SESSION_LIFETIME_SECONDS)


def ends(party: Party) -> list[Any]:
    events = AuditEvent.objects.filter(account=party.account, action="account.act_end")
    return [(event.who, event.via, event.changes) for event in events.order_by("pk")]


def act(client: Client, party: Party) -> AuditEvent:
    client.post("/account/switch", {"account": str(party.account.pk)})
    return AuditEvent.objects.filter(account=party.account, action="account.act_begin").order_by("-pk")[0]


def test_a_sign_in_that_is_deleted_leaves_an_end(ana: Party) -> None:
    begin = act(superuser(), ana)
    Session.objects.all().delete()
    assert end_lapsed_impersonations(begin.at + LIFETIME - timedelta(seconds=1)) == 0
    assert ends(ana) == []
    latest = begin.at + LIFETIME
    assert end_lapsed_impersonations(latest) == 1
    assert ends(ana) == [("root", "console", {"ended_at_the_latest": [None, latest.isoformat()]})]
    assert end_lapsed_impersonations(latest + timedelta(days=1)) == 0


def test_an_ended_impersonation_is_not_ended_again(ana: Party, ben: Party) -> None:
    root = superuser()
    act(root, ana)
    root.post("/account/stop")
    begin = act(root, ben)
    assert end_lapsed_impersonations(begin.at + LIFETIME) == 1
    assert ends(ana) == [("root", "console", {})]
    assert len(ends(ben)) == 1


def test_of_two_sign_ins_that_act_the_older_is_over_first(ana: Party) -> None:
    first = superuser()
    begin = act(first, ana)
    AuditEvent.objects.filter(pk=begin.pk).update(at=timezone.now() - LIFETIME)
    second = Client()
    second.force_login(User.objects.get(username="root"))
    act(second, ana)
    assert end_lapsed_impersonations() == 1
    assert len(ends(ana)) == 1
    second.post("/account/stop")
    assert len(ends(ana)) == 2


def test_workers_see_to_it(ana: Party) -> None:
    begin = act(superuser(), ana)
    AuditEvent.objects.filter(pk=begin.pk).update(at=timezone.now() - LIFETIME)
    tasks.end_impersonation()
    assert len(ends(ana)) == 1
    app.finalize()
    assert "vpn.tasks.end_acting" in {entry["task"] for entry in app.conf.beat_schedule.values()}
