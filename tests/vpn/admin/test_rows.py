"""Every row of every kind in the admin site."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from console.core.models import ApiKey, KnownNetwork, PasswordFailures, SignInSession
from tests.adminsite import superuser
from tests.factories import PSK, Party
from tests.pages import text_of
from tests.vpn.populated import populate
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, HandoffLink, Node, TrafficSample, WizardDraft


def _populate(ana: Party, driver: SimulatedDriver) -> str:
    """A row of every kind; the secret part of a link."""
    there = populate(ana, driver)
    numbers = dict.fromkeys(("bytes_in", "bytes_out", "packets_in", "packets_out"), 1)
    TrafficSample.objects.create(connection=there.connections[0], at=timezone.now(), **numbers)
    Node.objects.create(name="here", driver="simulated")
    KnownNetwork.objects.create(user=ana.user, network="192.0.2.1")
    PasswordFailures.objects.create(name="ana", network="192.0.2.1", failures=1)
    kind = ContentType.objects.get_for_model(Node)
    entry = {"user": ana.user, "content_type": kind, "object_id": "here", "object_repr": "here"}
    LogEntry.objects.create(action_flag=ADDITION, **entry)
    return there.common["token"]


def test_every_row_opens_and_shows_no_secret(ana: Party, driver: SimulatedDriver) -> None:
    token, key = _populate(ana, driver), ana.key()
    root = superuser()
    secrets = [PSK, key, token, *ApiKey.objects.values_list("digest", flat=True)]
    secrets += SignInSession.objects.values_list("session_key", flat=True)
    secrets += HandoffLink.objects.values_list("digest", flat=True)
    for model in (Connection, WizardDraft):
        secrets += [sealed for sealed in model.objects.values_list("psk_sealed", flat=True) if sealed]
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        rows = list(model._default_manager.all())
        assert rows, f"no row of {name} to open"
        for row in rows[:5]:
            page = root.get(reverse(f"admin:{name}_change", args=[row.pk]))
            assert page.status_code == 200, name
            text = text_of(page)
            assert not [secret for secret in secrets if secret in text], name
