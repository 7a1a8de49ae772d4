"""The list of gateways: its filter by status finds what it shows with that status."""

from __future__ import annotations

from itertools import product

import pytest
from django.utils import timezone

from tests.factories import Party, make_gateway
from vpn.domain.states import HealthState, LifecycleState
from vpn.models import Gateway
from vpn.web.lists.gateways import with_label
from vpn.web.shown import status_label

LABELS = ("available", "degraded", "failed", "pending", "deleting")


@pytest.mark.django_db
def test_the_filter_by_status_finds_what_has_the_label(ana: Party) -> None:
    gateway = make_gateway(ana)
    for lifecycle, health, deleted_at in product(LifecycleState, HealthState, (None, timezone.now())):
        Gateway.objects.update(lifecycle_state=lifecycle, health_state=health, deleted_at=deleted_at)
        gateway.refresh_from_db()
        found = [label for label in LABELS if Gateway.objects.filter(with_label(label)).exists()]
        assert found == [status_label(gateway)], (lifecycle, health, deleted_at)
