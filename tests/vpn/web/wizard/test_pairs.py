"""Two VPCs joined in one go, and the other side of a connection that has one here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.core.actor import Role
from console.core.models import AuditEvent, Membership
from tests.factories import (
    PSK,
    Party,
    connection_fields,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_subnet,
    raise_quotas,
)
from tests.pages import text_of
from tests.vpn.web.wizard.walk import HTMX
from vpn.models import Connection, Gateway, Subnet, WizardDraft
from vpn.services.connections import cidrs_of

LEFT, RIGHT = "192.168.100.0/24", "192.168.0.0/24"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def subnets(ana: Party) -> tuple[Subnet, Subnet]:
    return make_subnet(ana, cidr=LEFT, name="left"), make_subnet(ana, cidr=RIGHT, name="right")


@pytest.fixture
def review(browser: Client, subnets: tuple[Subnet, Subnet]) -> str:
    """The path of the review of two subnets."""
    return chosen(browser, *(f"subnet:{subnet.pk}" for subnet in subnets))


def chosen(browser: Client, here: str, there: str) -> str:
    return str(browser.post("/connections/connect", {"here": here, "there": there}).headers["Location"])


def proposed(browser: Client, review: str) -> dict[str, str]:
    """What the unchanged review would post."""
    form = browser.get(review).context["form"]
    return {name: str(form[name].value() or "") for name in form.fields}


def test_two_subnets_become_two_gateways_with_mirrored_connections(browser: Client, review: str) -> None:
    page = text_of(browser.get(review))
    assert "A new gateway in left" in page and "A new gateway in right" in page and 'role="img"' in page
    assert not Gateway.objects.exists()
    response = browser.post(review, proposed(browser, review))
    first, second = Connection.objects.order_by("created_at")
    assert response.headers["Location"] == f"/gateways/{first.gateway_id}/progress"
    assert first.peer_address == second.gateway.public_address
    assert second.peer_address == first.gateway.public_address
    assert cidrs_of(first) == ([LEFT], [RIGHT]) and cidrs_of(second) == ([RIGHT], [LEFT])
    assert first.open_psk() == second.open_psk() and len(first.open_psk()) >= 43
    assert first.open_psk() not in page + str(list(AuditEvent.objects.values()))
    assert {event.via for event in AuditEvent.objects.filter(action__startswith="vpn_")} == {"console"}


def test_choosing_others_keeps_the_draft_and_what_was_entered(
    ana: Party, browser: Client, review: str, subnets: tuple[Subnet, Subnet]
) -> None:
    entered = proposed(browser, review) | {"here_gateway": "kept", "here_cidrs": "172.20.1.0/24"}
    browser.post(f"{review}/check", entered, headers=HTMX | {"HX-Trigger-Name": "here_gateway"})
    assert browser.get(review).context["form"]["here_gateway"].value() == "kept", "as it was left"
    draft = WizardDraft.objects.get()
    others = f"/connections/connect?draft={draft.pk}"
    assert f'href="{others}">Select others</a>' in text_of(browser.get(review))
    form = browser.get(others).context["form"]
    assert [form[name].value() for name in ("here", "there")] == [f"subnet:{row.pk}" for row in subnets]
    third = make_subnet(ana, cidr="192.168.30.0/24", name="third")
    posted = {"here": f"subnet:{subnets[0].pk}", "there": f"subnet:{third.pk}"}
    assert browser.post(others, posted).headers["Location"] == review
    now = proposed(browser, review)
    assert (now["here_gateway"], now["here_cidrs"]) == ("kept", "172.20.1.0/24")
    assert now["there_cidrs"] == "192.168.30.0/24" and now["there_gateway"] != entered["there_gateway"]
    assert now["here_name"] == f"to-{now['there_gateway']}" and WizardDraft.objects.count() == 1


def test_existing_gateways_are_used(ana: Party, browser: Client, subnets: tuple[Subnet, Subnet]) -> None:
    here, there = make_gateway(ana, subnets[0], "here"), make_gateway(ana, subnets[1], "there")
    policy = make_ike_policy(ana)
    path = chosen(browser, f"gateway:{here.pk}", f"gateway:{there.pk}")
    browser.post(path, proposed(browser, path) | {"ike_policy": str(policy.pk), "dpd_action": "restart"})
    assert Gateway.objects.count() == 2
    rows = Connection.objects.all()
    assert {row.name for row in rows} == {"to-here", "to-there"}
    assert {(row.ike_policy, row.dpd_action) for row in rows} == {(policy, "restart")}


def test_gateways_that_share_a_key_keep_it(
    ana: Party, browser: Client, subnets: tuple[Subnet, Subnet]
) -> None:
    """Connections to one peer share its IKE SA, and so its key."""
    here, there = make_gateway(ana, subnets[0], "here"), make_gateway(ana, subnets[1], "there")
    path = chosen(browser, f"gateway:{here.pk}", f"gateway:{there.pk}")
    browser.post(path, proposed(browser, path))
    path = chosen(browser, f"gateway:{here.pk}", f"gateway:{there.pk}")
    more = {"here_cidrs": "172.20.1.0/24", "there_cidrs": "172.20.2.0/24"}
    browser.post(path, proposed(browser, path) | more | {"here_name": "more", "there_name": "more"})
    assert Connection.objects.count() == 4
    assert len({row.open_psk() for row in Connection.objects.all()}) == 1


def test_a_second_submit_creates_nothing_more(browser: Client, review: str) -> None:
    fields = proposed(browser, review)
    first, again = browser.post(review, fields), browser.post(review, fields)
    assert first.headers["Location"] == again.headers["Location"] == browser.get(review).headers["Location"]
    assert (Gateway.objects.count(), Connection.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"there_name": "1"}, "there_name", "A name begins"),
        ({"here_cidrs": "10.0.0"}, "here_cidrs", "10.0.0"),
        ({"there_cidrs": LEFT}, "there_cidrs", "overlaps the local CIDR"),
        ({"here_gateway": "1"}, "here_gateway", "A name begins"),
        ({"dpd_interval": "500"}, "dpd_timeout", "must not be shorter"),
    ],
)
def test_errors_are_shown_beside_their_field_and_nothing_is_created(
    browser: Client, review: str, changes: dict[str, str], field: str, words: str
) -> None:
    fields = proposed(browser, review) | changes
    response = browser.post(review, fields)
    assert any(words in str(message) for message in response.context["form"].errors[field])
    assert not Gateway.objects.exists() and not Connection.objects.exists()
    headers = HTMX | {"HX-Trigger-Name": field}
    assert words in text_of(browser.post(f"{review}/check", fields, headers=headers))
    assert not Gateway.objects.exists()
    again = browser.get(review).context["form"]
    assert all(again[name].value() == value for name, value in changes.items()), "the input is kept"


def test_the_rules_of_quotas_are_the_same(ana: Party, browser: Client, review: str) -> None:
    raise_quotas(ana, gateways=1)
    page = text_of(browser.post(review, proposed(browser, review)))
    assert "VPN gateways" in page and not Gateway.objects.exists()


def test_places_of_one_vpc_or_of_others_cannot_be_joined(
    ana: Party, ben: Party, browser: Client, subnets: tuple[Subnet, Subnet]
) -> None:
    near = make_subnet(ana, subnets[0].vpc, "192.168.101.0/24")
    theirs = make_subnet(ben, name="hidden-one")
    here = f"subnet:{subnets[0].pk}"
    for there in (here, f"subnet:{near.pk}", f"subnet:{theirs.pk}", "", "nonsense"):
        response = browser.post("/connections/connect", {"here": here, "there": there})
        assert response.status_code == 200 and response.context["form"].errors["there"]
        assert "hidden-one" not in text_of(response)
    assert not WizardDraft.objects.exists()


def test_a_side_deleted_meanwhile_is_reported(browser: Client, review: str) -> None:
    fields = proposed(browser, review)
    Subnet.objects.get(name="right").delete()
    response = browser.post(review, fields)
    assert "There is no subnet" in text_of(response) and not Gateway.objects.exists()


def test_its_draft_is_offered_again(browser: Client, review: str) -> None:
    assert f'href="{review}">Two of my VPCs</a>' in text_of(browser.get("/gateways/new"))


@pytest.fixture
def facing(ana: Party, subnets: tuple[Subnet, Subnet]) -> Iterator[tuple[Connection, Gateway]]:
    """A connection to the account's own other gateway."""
    here, there = make_gateway(ana, subnets[0], "here"), make_gateway(ana, subnets[1], "there")
    fields = connection_fields(peer_address=there.public_address, local_cidrs=[LEFT], peer_cidrs=[RIGHT])
    yield make_connection(ana, here, **{**fields, "name": "out"}), there


def test_the_other_side_is_shown_and_made_with_one_post(
    ana: Party, browser: Client, facing: tuple[Connection, Gateway]
) -> None:
    row, there = facing
    path = f"/gateways/{row.gateway_id}/connections/{row.pk}/other-side"
    page = text_of(browser.get(path))
    assert row.gateway.public_address in page and LEFT in page and PSK not in page
    response = browser.post(path, {"name": "back"})
    made = Connection.objects.get(name="back")
    assert response.headers["Location"] == f"/gateways/{there.pk}/connections/{made.pk}"
    assert made.gateway == there and cidrs_of(made) == ([RIGHT], [LEFT]) and made.open_psk() == PSK
    assert browser.post(path, {"name": "back"}).headers["Location"] == response.headers["Location"]
    assert "It exists already" in text_of(browser.get(path)) and Connection.objects.count() == 2


def test_the_other_side_obeys_the_rules(
    ana: Party, browser: Client, facing: tuple[Connection, Gateway]
) -> None:
    row, there = facing
    make_connection(ana, there, 3, name="taken", local_cidrs=[RIGHT], peer_cidrs=[LEFT])
    path = f"/gateways/{row.gateway_id}/connections/{row.pk}/other-side"
    assert "This will be refused" in text_of(browser.get(path))
    page = text_of(browser.post(path, {"name": "taken"}))
    assert "is called taken" in page and "overlaps" in page
    assert Connection.objects.count() == 2


def test_there_is_no_other_side_of_a_strangers_gateway(
    ana: Party, ben: Party, browser: Client, facing: tuple[Connection, Gateway]
) -> None:
    theirs = make_gateway(ben)
    row = make_connection(ana, number=5, peer_address=theirs.public_address)
    path = f"/gateways/{row.gateway_id}/connections/{row.pk}/other-side"
    assert browser.get(path).status_code == browser.post(path).status_code == 404
    mine = f"/gateways/{facing[0].gateway_id}/connections/{facing[0].pk}/other-side"
    assert ben.browser().post(mine, {"name": "back"}).status_code == 404


def test_readers_and_operators_join_nothing(
    ana: Party, browser: Client, review: str, facing: tuple[Connection, Gateway]
) -> None:
    row = facing[0]
    Membership.objects.filter(user=ana.user).update(role=Role.OPERATOR.value)
    before = Connection.objects.count()
    other = f"/gateways/{row.gateway_id}/connections/{row.pk}/other-side"
    for path in ("/connections/connect", review, other, "/gateways/new/paste", "/gateways/new"):
        assert browser.get(path).status_code == browser.post(path, {}).status_code == 403, path
    assert Connection.objects.count() == before


def test_pages_cost_a_constant_number_of_queries(ana: Party, browser: Client, review: str) -> None:
    def counted() -> list[int]:
        found = []
        for path in ("/connections/connect", review):
            with CaptureQueriesContext(connection) as queries:
                browser.get(path)
            found.append(len(queries))
        return found

    raise_quotas(ana, gateways_per_zone=20)
    before = counted()
    home = Subnet.objects.get(name="left").vpc
    for number in range(1, 5):
        make_gateway(ana, make_subnet(ana, home, f"192.168.{number}.0/24"))
    assert counted() == before
