"""The page after the wizard: steps out of rows, ticking, final, for readers too."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.core.actor import Role
from console.core.models import Membership
from tests.factories import Party, make_connection, make_gateway
from tests.pages import text_of
from tests.vpn.scene import Scene, settle
from tests.vpn.web.wizard.walk import HTMX
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Connection, Gateway, GatewayMember
from vpn.web.wizard.progress import Progress, progress_of


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def progress(gateway: Gateway) -> Progress:
    row = Gateway.objects.get(pk=gateway.pk)
    return progress_of(row, list(row.members.all()), list(row.connections.all()))


def states(gateway: Gateway) -> list[str]:
    return [stage.state for stage in progress(gateway).stages]


@pytest.mark.django_db
def test_stages_follow_what_was_observed(scene: Scene, driver: SimulatedDriver) -> None:
    here, there = scene.gateway(scene.left, "here"), scene.gateway(scene.right, "there")
    assert states(here) == ["done", "now", "later"]
    scene.connect(here, there)
    assert states(here) == ["done", "now", "later", "later", "later"]
    settle(driver, here)
    seen = progress(here)
    assert [stage.state for stage in seen.stages][:3] == ["done", "done", "done"]
    assert not seen.succeeded and not seen.final
    scene.connect(there, here)
    settle(driver, here, there)
    seen = progress(here)
    assert seen.succeeded and seen.final and not seen.reasons
    assert [stage.word for stage in seen.stages][-2:] == ["Negotiated", "Up"]


@pytest.mark.django_db
def test_a_failure_says_why_and_goes_on(scene: Scene) -> None:
    gateway = scene.gateway(scene.left)
    scene.connect(gateway, "203.0.113.9")
    reason = {"code": "peer_not_responding", "message": "The peer does not respond."}
    Gateway.objects.update(lifecycle_state="stable", health_state="ok", observed_generation=9)
    GatewayMember.objects.update(health_state="ok")
    Connection.objects.update(status_reasons=[reason])
    seen = progress(gateway)
    assert [stage.state for stage in seen.stages] == ["done", "done", "done", "failed", "later"]
    assert seen.reasons == [reason] and not seen.final
    Gateway.objects.update(lifecycle_state="failed", lifecycle_reasons=[reason], observed_generation=0)
    GatewayMember.objects.update(health_state="inapplicable")
    seen = progress(gateway)
    assert [stage.state for stage in seen.stages] == ["done", "failed", "later", "later", "later"]
    assert seen.final and not seen.succeeded


def test_the_page_ticks_until_it_is_final(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="edge")
    path = f"/gateways/{gateway.pk}/progress"
    page = text_of(browser.get(path))
    assert (
        "every 1s" in page and 'http-equiv="refresh" content="2"' in page and gateway.public_address in page
    )
    assert browser.get(f"{path}?seen={gateway.stamp}", headers=HTMX).status_code == 204
    Gateway.objects.update(lifecycle_state="stable", health_state="ok", observed_generation=9, stamp=7)
    GatewayMember.objects.update(health_state="ok")
    part = text_of(browser.get(f"{path}?seen={gateway.stamp}", headers=HTMX))
    assert "<html" not in part and "every 1s" not in part and "delay:2s" in part
    assert browser.get(f"{path}?done=1", headers=HTMX).headers["HX-Redirect"] == f"/gateways/{gateway.pk}"
    assert f'content="3;url=/gateways/{gateway.pk}"' in text_of(browser.get(path))


def test_old_reasons_of_the_gateway_are_not_shown(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    old = make_connection(ana, gateway, 0)
    new = make_connection(ana, gateway, 1)
    Gateway.objects.update(lifecycle_state="stable", health_state="ok", observed_generation=9)
    GatewayMember.objects.update(health_state="ok")
    page = text_of(browser.get(f"/gateways/{gateway.pk}/progress"))
    assert new.name in page and f"{old.name}<" not in page


def test_readers_see_it_and_others_do_not(ana: Party, ben: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    path = f"/gateways/{gateway.pk}/progress"
    assert ben.browser().get(path).status_code == 404
    Membership.objects.filter(user=ana.user).update(role=Role.VIEWER.value)
    assert browser.get(path).status_code == 200
    assert browser.post(path).status_code == 405


def test_it_costs_a_constant_number_of_queries(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)

    def counted(**extra: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(f"/gateways/{gateway.pk}/progress", **extra)
        return len(queries)

    make_connection(ana, gateway, 0)
    before = counted(), counted(headers=HTMX)
    for number in range(1, 5):
        make_connection(ana, gateway, number)
    assert (counted(), counted(headers=HTMX)) == before
