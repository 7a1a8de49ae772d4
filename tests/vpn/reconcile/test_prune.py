"""What history is kept, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings, settings
from django.db.models import Model
from django.utils import timezone

from console.core.audit import record
from console.core.models import AuditEvent
from tests.factories import Party, make_gateway
from vpn.models import StatusChange
from vpn.tasks import prune_history


@pytest.mark.parametrize(("model", "more"), [(StatusChange, 0), (AuditEvent, 365)])
def test_history_is_kept_as_long_as_it_should(ana: Party, model: type[Model], more: int) -> None:
    gateway, now = make_gateway(ana), timezone.now()
    rows: list[Model] = []
    for _ in range(2):
        rows.append(record(ana.editor, "test", gateway, {}))
        rows.append(StatusChange.objects.create(gateway=gateway, at=now, status="up"))
    old, young = (row for row in rows if isinstance(row, model))
    days = settings.HISTORY_DAYS + more
    for row, ago in ((old, days + 1), (young, days - 1)):
        model._default_manager.filter(pk=row.pk).update(at=now - timedelta(days=ago))
    prune_history()
    kept = set(model._default_manager.values_list("pk", flat=True))
    assert old.pk not in kept and young.pk in kept


def test_the_setting_says_how_long(ana: Party, settings: LazySettings) -> None:
    settings.HISTORY_DAYS = 3
    gateway, now = make_gateway(ana), timezone.now()
    for days in (2, 4):
        StatusChange.objects.create(gateway=gateway, at=now - timedelta(days=days), status="up")
    prune_history()
    assert StatusChange.objects.get().at == now - timedelta(days=2)
