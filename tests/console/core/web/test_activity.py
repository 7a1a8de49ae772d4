"""The audit trail as a page and as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from console.core.models import AuditEvent, Membership
from console.core.web.activity import _VERBS
from tests.factories import Party, make_connection, make_gateway, make_ike_policy
from tests.pages import text_of

ROOT = Path(__file__).parents[4]


def event(party: Party, number: int = 0, **changes: Any) -> AuditEvent:
    fields = {
        "account": party.account,
        "who": "ana",
        "via": "console",
        "action": "vpn_gateway.update",
        "target_type": "vpn_gateway",
        "target_id": f"id-{number}",
        "target_name": f"gone-{number}",
        **changes,
    }
    return AuditEvent.objects.create(**fields)


def names(client: Client, query: str = "") -> list[str]:
    context = client.get(f"/activity{query}").context
    return [line.event.target_name for line in context["lines"]]


def test_what_was_done_links_to_what_exists_still(ana: Party) -> None:
    connection, policy = make_connection(ana), make_ike_policy(ana)
    event(ana)
    page = text_of(ana.browser().get("/activity"))
    assert f'href="/gateways/{connection.gateway_id}"' in page
    assert f'href="/gateways/{connection.gateway_id}/connections/{connection.pk}"' in page
    assert f'href="/policies/ike/{policy.pk}"' in page
    assert "gone-0" in page and "id-0" not in page
    assert "created" in page


def test_everyone_sees_the_trail_of_the_own_account_only(ana: Party, ben: Party) -> None:
    event(ben, target_name="bens-secret-thing")
    assert "bens-secret-thing" not in text_of(ana.browser().get("/activity"))
    assert "bens-secret-thing" not in b"".join(ana.browser().get("/activity?format=csv")).decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?who=key+deploy", ["gone-2"]),
        ("?action=vpn_connection.delete", ["gone-3"]),
        ("?type=vpn_connection", ["gone-3"]),
        ("?object=NE-1", ["gone-1"]),
        ("?object=id-2", ["gone-2"]),
        ("?who=nobody", []),
        ("?who=key+deploy&type=vpn_connection", []),
    ],
)
def test_filters(ana: Party, query: str, expected: list[str]) -> None:
    event(ana, 1)
    event(ana, 2, who="key deploy")
    event(ana, 3, action="vpn_connection.delete", target_type="vpn_connection")
    assert names(ana.browser(), query) == expected


def test_a_time_range_in_utc(ana: Party) -> None:
    AuditEvent.objects.all().delete()
    now = timezone.now()
    for hours in (1, 3, 5):
        event(ana, hours, at=now - timedelta(hours=hours))
    since, until = (f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (4, 2))
    assert names(ana.browser(), f"?since={since}&until={until}") == ["gone-3"]
    page = text_of(ana.browser().get("/activity?since=yesterday"))
    assert "Write a time such as" in page and "gone-5" in page


def test_pages_by_key_both_ways(ana: Party) -> None:
    client, seen, query = ana.browser(), [], "?who=ana"
    AuditEvent.objects.all().delete()
    for number in range(120):
        event(ana, number)
    while query:
        context = client.get(f"/activity{query}").context
        seen.append([line.event.target_name for line in context["lines"]])
        query = context["older"]
    assert [len(page) for page in seen] == [50, 50, 20]
    assert [name for page in seen for name in page] == [f"gone-{number}" for number in reversed(range(120))]
    assert names(client, context["newer"]) == seen[1]
    assert "who=ana" in context["newer"]
    assert names(client, "?before=x&after=y")[:1] == ["gone-119"]


def test_a_query_for_each_kind_of_object_however_many_there_are(
    ana: Party, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        make_gateway(ana, name=f"g-{number}")
    client = ana.browser()
    client.get("/activity")
    with django_assert_max_num_queries(12) as few:
        client.get("/activity")
    for number in range(30):
        make_ike_policy(ana) if number < 15 else event(ana, number)
    with django_assert_max_num_queries(len(few.captured_queries) + 1):
        client.get("/activity")


def test_the_file_holds_all_that_match_and_runs_nothing(ana: Party) -> None:
    event(ana, 7, target_name="=cmd|' /C calc'!A0", changes={"name": ["a", "b"], "psk": "changed"})
    response = ana.browser().get("/activity?object=id-7&format=csv")
    assert response.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in response.headers["Content-Disposition"]
    head, *rows = csv.reader(io.StringIO(b"".join(response).decode()))
    assert head[:3] == ["at", "who", "via"] and len(rows) == 1
    assert rows[0][head.index("target_name")].startswith("'=")
    assert rows[0][head.index("changes")] == '{"name": ["a", "b"], "psk": "changed"}'


def test_changes_are_shown_but_no_secret(ana: Party) -> None:
    event(ana, changes={"name": ["old-name", "new-name"], "psk": "changed"})
    page = text_of(ana.browser().get("/activity"))
    assert "<del>old-name</del>" in page and "<ins>new-name</ins>" in page and "<ins>changed</ins>" in page


def test_keys_members_and_the_account_have_pages_too(ana: Party) -> None:
    ana.key()
    member = ana.account.memberships.get()
    client = ana.browser()
    page = text_of(client.get("/activity"))
    assert f'href="/members#member-{member.pk}"' in page
    assert f'href="/keys#key-{ana.account.api_keys.get().pk}"' in page
    assert f'id="member-{member.pk}"' in text_of(client.get("/members"))
    Membership.objects.update(role="viewer")
    page = text_of(client.get("/activity"))
    assert 'href="/members#' not in page and 'href="/account"' in page


@pytest.mark.parametrize(
    "query",
    [
        "?who=a%00b",
        "?object=a%00b",
        "?since=0001-01-01T00:00%2B14:00",
        "?until=9999-12-31T23:59-14:00",
        "?before=99999999999999999999",
        "?after=-1&format=pdf",
    ],
)
def test_what_cannot_be_meant_is_borne(ana: Party, query: str) -> None:
    assert ana.browser().get(f"/activity{query}").status_code == 200


def test_every_verb_that_is_recorded_reads_as_a_sentence() -> None:
    """Its past tense, or words of its own."""
    files = [
        *ROOT.glob("console/core/services/*.py"),
        *ROOT.glob("vpn/services/*.py"),
        ROOT / "policies/services.py",
    ]
    code = "".join(path.read_text() for path in files)
    recorded = set(re.findall(r'record\([^"]*"[^".]+\.(\w+)"', code))
    assert {"create", "reveal_key", "handoff_share", "restart"} <= recorded
    assert recorded <= _VERBS.keys()
