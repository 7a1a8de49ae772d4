"""What happens to the links of hand-off pages that are not used."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.factories import Party, make_connection
from tests.pages import text_of
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


def test_the_page_asks_the_database_no_more_for_more_links(
    ana: Party, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row, browser = make_connection(ana), ana.browser()
    page = f"/gateways/{row.gateway_id}/connections/{row.pk}/handoff"
    costs = []
    for number in (1, 6):
        for _ in range(number):
            create_link(ana.editor, row.gateway_id, row.pk, hours=1)
        browser.get(page)
        with django_assert_max_num_queries(12) as asked:
            shown = text_of(browser.get(page))
        assert shown.count("/revoke") == HandoffLink.objects.count()
        costs.append(len(asked))
    assert costs[0] == costs[1]
