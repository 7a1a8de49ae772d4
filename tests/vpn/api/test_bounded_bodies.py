"""The work that a body can make, and the size of what is answered, have bounds: counted, not timed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console.core.errors import LONGEST_FIELD, LONGEST_MESSAGE, MORE, MOST_LISTED
from tests.counting import steps_of
from tests.factories import (
    PSK,
    Party,
    errors_of,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    make_subnet,
    path_of,
    raise_quotas,
)

pytestmark = pytest.mark.django_db
LIMIT = 65536
# Each of the errors at its longest, with a value beside it, and the container around them.
LONGEST_ANSWER = (MOST_LISTED + 1) * (LONGEST_MESSAGE + LONGEST_FIELD + 700) + 200
SIDES = ("local", "peer")
OLD, NEW = "2019-01-01", "2026-10-06&generation=2"
Filler = Callable[[int], dict[str, Any]]


def cidrs(count: int, first: int = 10) -> list[str]:
    """Different small blocks, none in another."""
    return [f"{first + n // 65536}.{n // 256 % 256}.{n % 256}.0/32" for n in range(count)]


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


def old_connection(size: int) -> dict[str, Any]:
    """The body of the issue, as large as can be."""
    some = size // 34
    return {
        "peer_address": "203.0.113.9",
        "psk": PSK,
        "local_cidrs": cidrs(some),
        "peer_cidrs": cidrs(some, 20),
    }


def new_connection(size: int) -> dict[str, Any]:
    return {
        "psk": PSK,
        "local": {"cidrs": cidrs(size // 34), "ike_identities": [{}] * (size // 40)},
        "peer": {"address": "203.0.113.9", "cidrs": cidrs(size // 34, 20)},
    }


# What fills a body of about `size` bytes, whichever operation it is sent to.
ANYWHERE: dict[str, Filler] = {
    "unknown fields": lambda size: {f"f{n}": 0 for n in range(size // 11)},
    "one long unknown field": lambda size: {"x" * size: 0},
    "long unknown field around many": lambda size: {
        "x" * (size // 2): {f"f{n}": "\n" for n in range(size // 30)}
    },
    "long name": lambda size: {"name": "x" * size},
    "name of a wrong type": lambda size: {"name": [0] * (size // 3)},
    "unknown fields of a reference": lambda size: {"resource_group": {f"f{n}": 0 for n in range(size // 11)}},
    "long reference": lambda size: {"resource_group": {"name": "x" * size}},
}
# And what fills those fields that one operation has.
IN_PLACE: dict[str, dict[str, Filler]] = {
    "vpn_gateways": {
        "members": lambda size: {"members": [{"private_ip": {"subnet": {"id": ""}}}] * (size // 40)},
        "members of a wrong type": lambda size: {"members": [0] * (size // 3)},
        "long mode": lambda size: {"mode": "x" * size},
        "long subnet": lambda size: {"subnet": {"href": "x/" * (size // 2)}},
    },
    "connections": {
        "CIDRs": old_connection,
        "objects with CIDRs": new_connection,
        "bad CIDRs": lambda size: {**old_connection(400), "local_cidrs": ["x"] * (size // 5)},
        "long CIDR": lambda size: {**old_connection(400), "local_cidrs": ["1" * size]},
        "CIDRs of a wrong type": lambda size: {**old_connection(400), "peer_cidrs": [0] * (size // 3)},
        "long peer": lambda size: {**old_connection(400), "peer_address": "x" * size},
        "long policy": lambda size: {**old_connection(400), "ike_policy": {"name": "x" * size}},
        "identities": lambda size: {"local": {"ike_identities": [{"type": "x", "value": ""}] * (size // 30)}},
        "unknown fields of a side": lambda size: {"peer": {f"f{n}": 0 for n in range(size // 11)}},
    },
    "ike_policies": {
        "algorithms": lambda size: {"encryption_algorithms": ["aes256"] * (size // 11)},
        "unknown algorithms": lambda size: {"authentication_algorithms": ["x"] * (size // 5)},
        "groups": lambda size: {"dh_groups": [n % 9999 for n in range(size // 6)]},
        "groups of a wrong type": lambda size: {"dh_groups": [""] * (size // 4)},
    },
    "ipsec_policies": {"groups": lambda size: {"pfs_groups": [f"group_{n}" for n in range(size // 14)]}},
    "vpcs": {"long word": lambda size: {"address_prefix_management": "x" * size}},
    "address_prefixes": {
        "long CIDR": lambda size: {"cidr": "1" * size, "zone": {"name": "x"}},
        "long zone": lambda size: {"cidr": "10.77.0.0/16", "zone": {"name": "x" * size}},
    },
    "subnets": {
        "long block": lambda size: {"ipv4_cidr_block": "1" * size},
        "long zone": lambda size: {"zone": {"href": "x/" * (size // 2)}, "total_ipv4_address_count": 8},
        "long VPC": lambda size: {"vpc": {"crn": "x:" * (size // 2)}},
    },
    "instances": {
        "long address": lambda size: {"primary_network_interface": {"primary_ipv4_address": "x" * size}},
        "long subnet": lambda size: {"primary_network_interface": {"subnet": {"name": "x" * size}}},
    },
}


@pytest.fixture
def operations(ana: Party) -> dict[str, list[tuple[str, str]]]:
    """Everything that reads a body: method and path, by the kind of object."""
    subnet = make_subnet(ana)
    row = make_connection(ana, make_gateway(ana, subnet))
    gateway, vpc = path_of(row.gateway), f"/v1/vpcs/{subnet.vpc_id}"
    prefix = subnet.vpc.address_prefixes.get()
    policies = {"ike_policies": make_ike_policy(ana), "ipsec_policies": make_ipsec_policy(ana)}
    return {
        "vpn_gateways": [("POST", "/v1/vpn_gateways"), ("PATCH", gateway)],
        "connections": [("POST", f"{gateway}/connections"), ("PATCH", path_of(row))],
        **{k: [("POST", f"/v1/{k}"), ("PATCH", f"/v1/{k}/{one.pk}")] for k, one in policies.items()},
        "vpcs": [("POST", "/v1/vpcs"), ("PATCH", vpc)],
        "address_prefixes": [
            ("POST", f"{vpc}/address_prefixes"),
            ("PATCH", f"{vpc}/address_prefixes/{prefix.pk}"),
        ],
        "subnets": [("POST", "/v1/subnets"), ("PATCH", f"/v1/subnets/{subnet.pk}")],
        "instances": [("POST", "/v1/instances")],
    }


@pytest.mark.parametrize("kind", IN_PLACE)
def test_every_body_is_answered_in_few_bytes_after_few_queries_and_steps(
    ana: Party, operations: dict[str, list[tuple[str, str]]], kind: str
) -> None:
    """Steps grow with the body and not with its square; not one query is made more."""
    wrong = []
    for method, path in operations[kind]:
        # What is prepared once is prepared by the first.
        refused(ana, method, path, {"unknown": 0}, NEW)
        fillers = IN_PLACE[kind] if method == "PATCH" else ANYWHERE | IN_PLACE[kind]
        for word, filler in fillers.items():
            for version in (OLD, NEW) if kind == "connections" or word not in ANYWHERE else (NEW,):
                few, asked = refused(ana, method, path, filler(LIMIT // 16), version)
                many, asked_again = refused(ana, method, path, filler(LIMIT - 1024), version)
                if not (asked == asked_again <= 24 and many <= 20 * few and many <= 20 * LIMIT):
                    wrong.append((method, path, word, version, few, many, asked, asked_again))
    assert wrong == []


def refused(ana: Party, method: str, path: str, fields: dict[str, Any], version: str) -> tuple[int, int]:
    """Steps and queries of a refusal, after checking its size and form."""
    body, answers = json.dumps(fields, separators=(",", ":")).encode(), []
    assert len(body) <= LIMIT
    with CaptureQueriesContext(connection) as queries:
        steps = steps_of(lambda: answers.append(ana.api(method, path, body, version=version)))
    (response,) = answers
    assert response.status_code == 400, (method, path, fields.keys(), response.content[:500])
    assert len(response.content) <= LONGEST_ANSWER, (method, path, fields.keys(), len(response.content))
    assert errors_of(response)
    return steps, len(queries)


@pytest.mark.parametrize("version", [OLD, NEW])
def test_what_is_more_than_can_be_listed_is_counted(ana: Party, version: str) -> None:
    body = {f"f{n}": 0 for n in range(1000)} | {"name": 1}
    response = ana.api.post("/v1/vpcs", body, version=version)
    listed = errors_of(response)
    assert len(listed) == MOST_LISTED + 1 and listed[-1] == (MORE, "")
    assert response.json()["errors"][-1]["message"].startswith(
        f"{1001 - MOST_LISTED} more errors are not listed"
    )


@pytest.mark.parametrize("dry", ["", "?dry_run=true"])
@pytest.mark.parametrize("count", [16, 900, 1500])
def test_cidrs_are_counted_before_any_transaction(ana: Party, count: int, dry: str) -> None:
    gateway = make_gateway(ana)
    make_connection(ana, gateway, 1)
    api = ana.api
    local, peer = cidrs(count), cidrs(count, 20)
    body = {"name": "1", "peer_address": "203.0.113.9", "psk": PSK, "local_cidrs": local, "peer_cidrs": peer}
    with CaptureQueriesContext(connection) as queries:
        response = api.post(f"{path_of(gateway)}/connections{dry}", body)
    assert (response.status_code, errors_of(response)) == (
        400,
        [
            ("vpn_connection_invalid_name", "name"),
            ("vpn_connection_local_subnets_quota_exceeded_for_connection", "local_cidrs"),
            ("vpn_connection_peer_subnets_quota_exceeded_for_connection", "peer_cidrs"),
            *(
                (f"vpn_connection_{side}_subnets_quota_exceeded", f"{side}_cidrs")
                for side in SIDES[: count > 50 and 2]
            ),
        ],
    )
    asked = " ".join(query["sql"] for query in queries)
    assert "vpn_connectioncidr" not in asked
    # The dry run has one around all of it.
    assert ("SAVEPOINT" in asked) == bool(dry)


def test_a_raised_quota_is_checked_in_few_queries(ana: Party) -> None:
    raise_quotas(ana, cidrs_per_connection=1500, cidrs_per_gateway=4000)
    gateway = make_gateway(ana)
    make_connection(ana, gateway, 1)
    fields = {"peer_address": "203.0.113.9", "psk": PSK, "local_cidrs": ["192.168.100.0/24"]}
    with CaptureQueriesContext(connection) as queries:
        response = ana.api.post(f"{path_of(gateway)}/connections", {**fields, "peer_cidrs": cidrs(1500)})
    # connection-1 has 10.1.0.0/24.
    assert errors_of(response) == [("vpn_connection_cidr_overlap", "peer_cidrs[256]")]
    assert len(queries) < 40


def test_forms_answer_in_few_bytes_too(ana: Party) -> None:
    gateway = make_gateway(ana)
    page = f"/gateways/{gateway.pk}/connections/new"
    blank = len(ana.browser().get(page).content)
    many = " ".join(["x"] * 9000)
    response = ana.browser().post(
        page, {"dpd_action": "none", "psk": PSK, "local_cidrs": many, "peer_cidrs": many}
    )
    assert (
        response.status_code in (200, 400)
        and b"A connection may have 15 local CIDRs; these are 9000." in response.content
    )
    assert len(response.content) < blank + 2 * len(many) + 20_000
