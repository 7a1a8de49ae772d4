"""What was changed by hand in a member's network is repaired at once, and recorded all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.vpn.scene import settle
from vpn.domain.actions import ConfigureNetwork
from vpn.models import StatusChange
from vpn.reconcile.controller import observe_gateway

pytestmark = pytest.mark.django_db


class Drifted:
    """The driver, whose members have lost their links until their network is configured again."""

    def __init__(self, driver):
        self.driver, self.lost = driver, True

    def observe(self, members):
        seen = self.driver.observe(members)
        return {ident: replace(one, drift="links" if self.lost else "") for ident, one in seen.items()}

    def together(self):
        return self.driver.together()

    def apply(self, member, action, *, generation):
        self.lost = self.lost and not isinstance(action, ConfigureNetwork)
        self.driver.apply(member, action, generation=generation)


def test_the_history_of_the_gateway_shows_it(driver, pair):
    one, _ = pair
    settle(driver, one)
    before = StatusChange.objects.filter(gateway=one).count()
    drifted = Drifted(driver)
    observe_gateway(one.id, driver=drifted)
    one.refresh_from_db()
    assert not drifted.lost
    assert one.health_state == "ok"
    changes = list(StatusChange.objects.filter(gateway=one).order_by("id")[before:])
    assert len(changes) == 2
    assert "lost its links" in changes[0].message
    assert changes[1].message == ""
