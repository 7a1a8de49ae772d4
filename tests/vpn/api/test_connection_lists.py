from __future__ import annotations

from typing import Any

from tests.factories import (
    Party,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    path_of,
    raise_quotas,
)
from vpn.models import Connection


def test_the_status_filter(ana: Party) -> None:
    gateway = make_gateway(ana)
    rows = [make_connection(ana, gateway, number) for number in range(3)]
    Connection.objects.filter(pk=rows[0].pk).update(status="up")
    path = f"{path_of(gateway)}/connections"
    up = ana.api.get(f"{path}?status=up").json()
    assert [one["id"] for one in up["connections"]] == [str(rows[0].pk)]
    assert up["first"]["href"].endswith("?limit=50&status=up")
    assert ana.api.get(f"{path}?status=down&limit=1").json()["total_count"] == 2
    assert errors_of(ana.api.get(f"{path}?status=sideways")) == [("validation_enum", "status")]


def test_reasons_are_shown(ana: Party) -> None:
    row = make_connection(ana)
    reasons = [{"code": "peer_not_responding", "message": "The peer does not respond."}]
    Connection.objects.update(status_reasons=reasons)
    assert ana.api.get(path_of(row)).json()["status_reasons"] == reasons


def test_the_number_of_queries_does_not_grow(ana: Party, django_assert_max_num_queries: Any) -> None:
    raise_quotas(ana, connections_per_gateway=100, cidrs_per_gateway=100)
    gateway = make_gateway(ana)
    policy = {"id": str(make_ike_policy(ana).pk)}
    path = f"{path_of(gateway)}/connections"
    for number in range(3):
        make_connection(ana, gateway, number, ike_policy=policy)
    ana.api.get(path)
    with django_assert_max_num_queries(5) as few:
        assert len(ana.api.get(path).json()["connections"]) == 3
    number_of_queries = len(few)
    for number in range(3, 30):
        make_connection(ana, gateway, number, ike_policy=policy)
    ana.api.get(path)
    with django_assert_max_num_queries(number_of_queries):
        assert len(ana.api.get(path).json()["connections"]) == 30
    one = path_of(Connection.objects.all()[0])
    ana.api.get(one)
    with django_assert_max_num_queries(3):
        ana.api.get(one)
