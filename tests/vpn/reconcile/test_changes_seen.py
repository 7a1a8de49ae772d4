"""Which observations change a page, and which events are still needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.factories import Party, make_connection, make_gateway, path_of
from vpn.domain.state import EventKind, Reason, TunnelEvent
from vpn.domain.suites import effective_mtu
from vpn.models import Connection, Gateway
from vpn.reconcile.event_filter import is_redundant
from vpn.reconcile.record import _stable_time
from vpn.web.details import _suites, packet_advice
from vpn.web.page_versions import version_without_counters

pytestmark = pytest.mark.django_db
SILENT = Reason("peer_not_responding", "The peer does not respond.")


@pytest.mark.parametrize("field", ["lifecycle_reasons", "health_reasons"])
def test_a_reason_alone_redraws_the_overview(ana: Party, field: str) -> None:
    gateway = make_gateway(ana)
    before = version_without_counters(ana.editor)
    assert version_without_counters(ana.editor) == before
    Gateway.objects.filter(pk=gateway.pk).update(**{field: [{"code": "internal_error", "message": "x"}]})
    assert version_without_counters(ana.editor) != before


def test_a_failure_is_known_only_if_every_connection_to_the_peer_shows_it(ana: Party) -> None:
    first = make_connection(ana)
    second = make_connection(ana, first.gateway, 1, peer_address=first.peer_address)
    event = TunnelEvent(
        EventKind.FAILED,
        uuid4(),
        first.gateway_id,
        datetime.now(UTC),
        peer=f"peer_{first.peer_address}_0",
        reason=SILENT,
    )
    shown = {"status": "down", "status_reasons": [SILENT.body()]}
    assert not is_redundant(event)
    Connection.objects.filter(pk=first.pk).update(**shown)
    assert not is_redundant(event)
    Connection.objects.filter(pk=second.pk).update(**shown)
    assert is_redundant(event)
    Connection.objects.filter(pk=first.pk).update(status="up")
    assert not is_redundant(event)


@pytest.mark.parametrize(("seconds", "same"), [(0, True), (2, True), (-2, True), (3, False), (-3, False)])
def test_a_moment_that_is_computed_from_whole_seconds_stays(seconds: int, same: bool) -> None:
    known = datetime(2026, 11, 30, 12, tzinfo=UTC)
    now = known + timedelta(seconds=seconds)
    assert (_stable_time(known.isoformat(), now) == known.isoformat()) is same
    assert _stable_time(None, now) == now.isoformat() and _stable_time(known.isoformat(), None) is None


def test_before_a_tunnel_is_up_the_offered_suite_with_the_smallest_mtu_counts(ana: Party) -> None:
    """Whichever of those that are offered the peer accepts, the packets then fit."""
    connection = make_connection(ana)
    sizes = [
        found.mtu
        for suite in _suites(connection.esp_offer().proposal)
        if (found := effective_mtu(suite, udp=True))
    ]
    advice = packet_advice(connection, [], "userspace")
    assert advice is not None and len(set(sizes)) > 1
    assert advice.effective.mtu == min(sizes)


def test_a_local_cidr_that_breaks_a_rule_of_the_peer_cidrs_is_refused(ana: Party) -> None:
    connection = make_connection(ana, peer_cidrs=["10.0.0.0/16"])
    response = ana.api("PUT", f"{path_of(connection)}/local_cidrs/10.0.3.0/24", version="2019-01-01")
    assert response.status_code == 400, response.content
