"""Every page, fragment, file and list of one account, with another one full of things beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from console.core.actor import Role
from console.core.web.audit_filter import choices_of
from tests.factories import (
    Party,
    make_connection,
    make_instance,
    make_party,
    make_subnet,
    make_vpc,
    raise_quotas,
)
from tests.routes import NEEDS, routes
from tests.vpn.populated import populate
from tests.vpn.scene import settle
from tests.vpn.two_accounts import MARK, TwoAccounts, ids_of, models, rows_of
from tests.vpn.web.test_tenancy import METHODS, filled
from tests.vpn.web.test_tenancy import routes as objects
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Gateway
from vpn.services import handoff
from vpn.services.networks import create_address_prefix
from vpn.services.usage import usage_of
from vpn.web import page_versions
from vpn.web.overview import snapshot

_WAYS: tuple[tuple[str, dict[str, str]], ...] = (("", {}), ("", {"HX-Request": "true"}), ("?format=csv", {}))


@pytest.fixture
def two(ana: Party, driver: SimulatedDriver) -> TwoAccounts:
    return TwoAccounts(ana, driver)


def _pages(two: TwoAccounts) -> Iterator[str]:
    """The path of every page that may be read, with each of one's own ids."""
    for template, pattern in routes():
        if NEEDS[str(pattern.name)][0] is None:
            continue
        for ids in two.mine.ids(Role.ADMINISTRATOR, template):
            path = filled(template, ids)
            assert path is not None, template
            yield path


def test_no_page_discloses_another_account(two: TwoAccounts) -> None:
    secrets = two.secrets()
    wrong = []
    for path in _pages(two):
        for query, headers in _WAYS:
            response = two.client.get(path + query, headers=headers)
            leaked = _leaked(secrets, response.getvalue())
            wrong += [f"GET {path}{query} {headers}: {leaked}"] if leaked else []
    assert not wrong, "\n".join(wrong)


def test_no_response_of_the_api_discloses_another_account(two: TwoAccounts) -> None:
    secrets, ids = two.secrets(), ids_of(two.mine)
    wrong, read = [], 0
    for path in {filled(template, ids) for template in _templates()}:
        response = two.ana.api.get(str(path))
        read += response.status_code in {200, 204}
        leaked = _leaked(secrets, response.getvalue())
        wrong += [f"GET {path}: {leaked}"] if leaked else []
    assert not wrong, "\n".join(wrong)
    assert read > 25


def test_a_child_is_found_under_its_own_parent_only(two: TwoAccounts) -> None:
    """One's own parent with another one's child, and the other way round; and of two of one's own."""
    own = ids_of(two.mine)
    wrong = []
    for others in (ids_of(two.theirs), _second(two)):
        for template, path in _mixed(own, others):
            call = two.ana.api if template.startswith("v1/") else _console(two.client)
            answers = {method: _status(call(method, path, {})) for method in METHODS}
            if set(answers.values()) - {404, 405} or 404 not in answers.values():
                wrong.append(f"{path} ({template}): {answers}")
    assert not wrong, "\n".join(wrong)


def test_rows_of_others_cannot_be_selected(two: TwoAccounts) -> None:
    """Actions on many rows leave out those that are not one's own."""
    before = {model: list(rows_of(model, two.other.account).order_by("pk").values()) for model in models()}
    rows = [
        str(pk) for model in models() for pk in rows_of(model, two.other.account).values_list("pk", flat=True)
    ]
    for template, pattern in routes():
        if str(pattern.name).endswith("_bulk"):
            for action in ("delete", "enable", "disable"):
                fields = {"do": action, "row": rows, "confirmed": "1", "name": MARK, "typed": len(rows)}
                response = two.client.post(f"/{template}", fields)
                assert response.status_code < 500 and b"zebra-" not in response.content, template
    assert before == {m: list(rows_of(m, two.other.account).order_by("pk").values()) for m in models()}


def test_what_is_counted_does_not_count_others(ana: Party, driver: SimulatedDriver) -> None:
    _populate(ana, driver, cidrs=1)
    now = timezone.now()
    before = _counted(ana, now)
    _populate(make_party(MARK), driver, cidrs=4)
    assert _counted(ana, now) == before


def test_a_pasted_address_of_another_account_is_a_strangers(two: TwoAccounts) -> None:
    theirs = Gateway.objects.get(pk=two.theirs.common["gateway_id"])
    text = f"local_addrs = 192.0.2.7\nremote_addrs = {theirs.public_address}\nremote_ts = 10.9.0.0/24\n"
    text = f"connections {{ a {{ {text} children {{ a {{ local_ts = 10.8.0.0/24\n}} }} }} }}"
    response = two.client.post("/gateways/new/paste", {"text": text}, follow=True)
    assert response.status_code == 200
    page = response.content.decode()
    assert theirs.public_address in page and MARK not in page


def test_a_draft_forgets_the_subnet_of_another_account(two: TwoAccounts) -> None:
    draft = two.mine.drafts[Role.ADMINISTRATOR][0]
    draft.data["gateway"]["subnet"] = two.theirs.common["subnet_id"]
    draft.save()
    for step in ("gateway", "connection", "security", "review"):
        response = two.client.get(f"/gateways/new/{draft.pk}/{step}", follow=True)
        assert response.status_code == 200 and MARK not in response.content.decode(), step


def _status(response: Any) -> int:
    """A poll for an object that the user cannot see redirects the page."""
    home = response.get("HX-Redirect") == "/gateways" and not response.content
    return 404 if home else int(response.status_code)


def _leaked(secrets: list[bytes], body: bytes) -> list[bytes]:
    return [secret for secret in secrets if secret in body]


def _console(client: Client) -> Any:
    form = "application/x-www-form-urlencoded"
    return lambda method, path, body: client.generic(method, path, b"", content_type=form)


def _templates() -> list[str]:
    """Of the API: lists, and what has an id."""
    includes = [
        e for e in get_resolver().url_patterns if isinstance(e, URLResolver) and str(e.pattern) == "v1"
    ]
    return [f"v1{one.pattern}" for include in includes for one in include.url_patterns]


def _second(two: TwoAccounts) -> dict[str, str]:
    """Other things of Ana's own."""
    party, row = two.ana, two.mine.connections[2]
    link, token = handoff.create_link(party.editor, row.gateway_id, row.pk, hours=1)
    more = {
        "gateway_id": str(row.gateway_id),
        "vpn_gateway_id": str(row.gateway_id),
        "connection_id": str(row.pk),
        "member_id": str(row.gateway.members.all()[0].pk),
        "vpc_id": str(row.gateway.vpc_id),
        "prefix_id": str(row.gateway.vpc.address_prefixes.all()[0].pk),
        "subnet_id": str(row.gateway.subnet_id),
        "link_id": str(link.pk),
        "token": token,
    }
    instance = str(make_instance(party, row.gateway.subnet).pk)
    return ids_of(two.mine) | more | {"instance_id": instance, "reserved_ip_id": instance}


def _mixed(own: dict[str, str], others: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(template, path): every route of several ids, with some of them exchanged."""
    for template, _ in objects():
        names = re.findall(r"<(?:\w+:)?(\w+_id)>", template)
        known = {"row_id": "vpc_id"}
        for number in range(1, len(names)):
            for chosen in combinations([known.get(name, name) for name in names], number):
                path = filled(template, own | {name: others[name] for name in chosen})
                assert path is not None, template
                yield template, path


def _populate(party: Party, driver: SimulatedDriver, *, cidrs: int) -> None:
    """With a tunnel that is up, and `cidrs` of everything of which there may be many."""
    raise_quotas(party, vpcs=10, connections_per_gateway=20)
    there = populate(party, driver)
    left, right = (there.connections[number].gateway for number in (0, 2))
    block = left.subnet.ipv4_cidr_block
    back = {"local_cidrs": [right.subnet.ipv4_cidr_block], "peer_cidrs": [block]}
    make_connection(party, right, 5, peer_address=left.public_address, **back)
    vpc = make_vpc(party)
    for number in range(cidrs):
        make_subnet(party, vpc, f"192.168.{number}.0/24")
        create_address_prefix(
            party.editor, vpc.pk, {"cidr": f"10.{number}.0.0/16", "zone": {"name": "us-south-1"}}
        )
        make_vpc(party)
    for number in range(20, 20 + cidrs):
        many = [f"10.{number}.{last}.0/24" for last in range(cidrs)]
        make_connection(party, left, number, peer_cidrs=many)
    settle(driver, left, right)


def _counted(party: Party, now: datetime) -> dict[str, object]:
    """What is known of an account without its rows."""
    actor = party.editor
    found = snapshot.suites(actor, lambda suite: True)
    seen = snapshot.take_snapshot(actor, now)
    assert found, "a tunnel should be up"
    return {
        "usage": list(usage_of(party.account.pk)),
        "versions": [page_versions.version_with_counters(actor), page_versions.overview_version(actor, now)],
        "suites": found,
        "rows": [len(rows) for rows in (seen.vpcs, seen.subnets, seen.gateways, seen.connections)],
        "trail": choices_of(party.account.pk),
    }
