"""What becomes of the links of hand-off pages when nobody looks at them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tests.factories import Party, make_connection
from vpn.models import HandoffLink
from vpn.services.handoff import create_link, read_link
from vpn.tasks import prune_history


def test_links_that_ended_are_kept_for_a_week(ana: Party) -> None:
    row = make_connection(ana)
    links = [create_link(ana.editor, row.gateway_id, row.pk, hours=hours)[0] for hours in (1, 24, 168)]
    for link, days in zip(links, (8, 6, -1), strict=True):
        ended = timezone.now() - timedelta(days=days)
        HandoffLink.objects.filter(pk=link.pk).update(expires_at=ended)
    prune_history()
    assert set(HandoffLink.objects.values_list("pk", flat=True)) == {link.pk for link in links[1:]}


def test_links_go_with_their_connection(ana: Party) -> None:
    row = make_connection(ana)
    _, token = create_link(ana.editor, row.gateway_id, row.pk, hours=1)
    assert read_link(token, address="192.0.2.1", request_id="")
    row.delete()
    assert read_link(token, address="192.0.2.1", request_id="") is None
    assert not HandoffLink.objects.exists()
