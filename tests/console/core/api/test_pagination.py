from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from policies.models import IKEPolicy
from tests.factories import Party, errors_of, make_gateway, make_ike_policy, raise_quotas
from vpn.models import Gateway


def fill(party: Party, count: int) -> list[IKEPolicy]:
    """Policies without the services' cost; pairs of neighbours share their creation time."""
    group = party.account.resource_groups.get()
    now = timezone.now() - timedelta(days=1)
    rows = [
        IKEPolicy(
            account=party.account,
            resource_group=group,
            name=f"p{number}",
            created_at=now + timedelta(seconds=number // 2),
            key_lifetime=28800,
            ike_version=2,
            authentication_algorithms=["sha256"],
            encryption_algorithms=["aes128"],
            dh_groups=[14],
        )
        for number in range(count)
    ]
    return IKEPolicy.objects.bulk_create(rows)


def pages(party: Party, query: str = "limit=7") -> list[dict[str, Any]]:
    """Every page, by following `next`."""
    found = [party.api.get(f"/v1/ike_policies?{query}").json()]
    while "next" in found[-1]:
        url = urlsplit(found[-1]["next"]["href"])
        found.append(party.api.get(f"{url.path}?{url.query}").json())
    return found


def test_pages_cover_everything_once_newest_first(ana: Party, ben: Party) -> None:
    rows = fill(ana, 30)
    fill(ben, 5)
    got = pages(ana)
    assert [len(page["ike_policies"]) for page in got] == [7, 7, 7, 7, 2]
    ids = [item["id"] for page in got for item in page["ike_policies"]]
    order = sorted(rows, key=lambda row: (row.created_at, row.id.hex), reverse=True)
    assert ids == [str(row.pk) for row in order]
    assert {page["total_count"] for page in got} == {30}
    assert {page["limit"] for page in got} == {7}
    assert got[0]["first"]["href"] == "http://testserver/v1/ike_policies?limit=7"


def test_a_full_last_page_has_no_next(ana: Party) -> None:
    fill(ana, 14)
    got = pages(ana)
    assert [len(page["ike_policies"]) for page in got] == [7, 7]


def test_fifty_by_default(ana: Party) -> None:
    fill(ana, 51)
    page = ana.api.get("/v1/ike_policies").json()
    assert (page["limit"], len(page["ike_policies"])) == (50, 50)
    assert len(ana.api.get("/v1/ike_policies?limit=100").json()["ike_policies"]) == 51


def test_rows_that_come_and_go_meanwhile_neither_repeat_nor_skip(ana: Party) -> None:
    rows = fill(ana, 20)
    first = ana.api.get("/v1/ike_policies?limit=7").json()
    raise_quotas(ana, ike_policies=100)
    make_ike_policy(ana, "newest")
    seen = {item["id"] for item in first["ike_policies"]}
    IKEPolicy.objects.filter(pk=first["ike_policies"][-1]["id"]).delete()
    url = urlsplit(first["next"]["href"])
    rest: list[str] = []
    while url.query:
        page = ana.api.get(f"{url.path}?{url.query}").json()
        rest += [item["id"] for item in page["ike_policies"]]
        url = urlsplit(page.get("next", {}).get("href", ""))
    assert not seen & set(rest)
    assert seen | set(rest) == {str(row.pk) for row in rows}


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("0", "validation_min_value"),
        ("-1", "validation_min_value"),
        ("101", "validation_max_value"),
        ("999999999999999999999", "validation_invalid_field_type"),
        ("ten", "validation_invalid_field_type"),
        ("", "validation_invalid_field_type"),
        ("1.5", "validation_invalid_field_type"),
        ("²", "validation_invalid_field_type"),
    ],
)
def test_bad_limits(ana: Party, limit: str, code: str) -> None:
    response = ana.api.get(f"/v1/vpn_gateways?limit={limit}")
    assert response.status_code == 400
    assert errors_of(response) == [(code, "limit")]


def test_a_token_is_good_for_its_own_list_only(ana: Party, ben: Party) -> None:
    fill(ana, 3)
    fill(ben, 3)
    page = ana.api.get("/v1/ike_policies?limit=1").json()
    token = parse_qs(urlsplit(page["next"]["href"]).query)["start"][0]
    group = ana.account.resource_groups.get().id
    assert ana.api.get(f"/v1/ike_policies?start={token}").status_code == 200
    for response in (
        ben.api.get(f"/v1/ike_policies?start={token}"),
        ana.api.get(f"/v1/ipsec_policies?start={token}"),
        ana.api.get(f"/v1/ike_policies?resource_group.id={group}&start={token}"),
        ana.api.get(f"/v1/ike_policies?start={token[:8]}{'A' if token[8] != 'A' else 'B'}{token[9:]}"),
        ana.api.get(f"/v1/ike_policies?start={token[:10]}"),
        ana.api.get("/v1/ike_policies?start="),
        ana.api.get("/v1/ike_policies?start=%C3%A9"),
        ana.api.get("/v1/ike_policies?start=00000000-0000-0000-0000-000000000000"),
    ):
        assert response.status_code == 400
        assert errors_of(response) == [("invalid_id_format", "start")]


def test_filters_stay_in_links(ana: Party) -> None:
    fill(ana, 3)
    group = ana.account.resource_groups.get().id
    got = pages(ana, f"limit=2&resource_group.id={group}")
    assert [len(page["ike_policies"]) for page in got] == [2, 1]
    for link in (got[0]["first"], got[0]["next"]):
        assert parse_qs(urlsplit(link["href"]).query)["resource_group.id"] == [group]
    assert ana.api.get("/v1/ike_policies?resource_group.id=other").json()["total_count"] == 0


def _queries(party: Party, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert party.api.get(path).status_code == 200
    return len(queries)


def test_the_number_of_queries_does_not_grow(ana: Party) -> None:
    fill(ana, 3)
    ana.api.get("/v1/ike_policies")
    few = _queries(ana, "/v1/ike_policies")
    fill_more = 27
    IKEPolicy.objects.all().delete()
    fill(ana, 3 + fill_more)
    assert _queries(ana, "/v1/ike_policies") == few <= 4
    assert _queries(ana, "/v1/ike_policies?limit=20") == few


def test_gateways_too(ana: Party) -> None:
    raise_quotas(ana, gateways=100, gateways_per_zone=100)
    subnet = make_gateway(ana).subnet
    for _ in range(2):
        make_gateway(ana, subnet)
    ana.api.get("/v1/vpn_gateways")
    few = _queries(ana, "/v1/vpn_gateways")
    for _ in range(27):
        make_gateway(ana, subnet)
    assert Gateway.objects.count() == 30
    assert _queries(ana, "/v1/vpn_gateways") == few <= 5
