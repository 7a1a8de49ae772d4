"""Bodies and queries that make no sense, in every version: a clear refusal, never a fault."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import (
    PSK,
    Party,
    errors_of,
    make_connection,
    make_ike_policy,
    make_ipsec_policy,
    make_subnet,
    path_of,
)

pytestmark = pytest.mark.django_db
VERSIONS = (
    "2019-01-01",
    "2021-01-12&generation=1",
    "2019-05-31&generation=2",
    "2024-04-29&generation=2",
    "2026-10-06&generation=2",
)
_NAMES = """
    name subnet mode availability_mode members resource_group psk local peer cidrs address fqdn nonsense
    ike_identities ike_identity type value local_cidrs peer_cidrs peer_address admin_state_up status
    establish_mode dead_peer_detection action interval timeout ike_policy ipsec_policy id href crn
    ike_version dh_group dh_groups pfs pfs_groups authentication_algorithm authentication_algorithms
    encryption_algorithm encryption_algorithms key_lifetime vpc zone ipv4_cidr_block tunnels cidr
    total_ipv4_address_count is_default primary_network_interface classic_access
"""
_WORDS = """
    a A_b policy route zonal 10.1.0.0/24 0.0.0.0/0 10.1.0.1/24 203.0.113.9 ::1 vpn.example.com fqdn key_id
    AAEC restart peer_only aes256 aes256gcm16 3des sha256 disabled group_14 multiple us-south-1 null %2F
    -1 another-good-key
"""
NAMES = tuple(_NAMES.split())
WORDS = ("", "x" * 300, "é\u2028", *_WORDS.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.sampled_from((1, 2, 14, 31, 65535, 300, 1800, 28800)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=10)


@pytest.fixture
def places(ana: Party) -> dict[str, tuple[str, dict[str, Any]]]:
    """By method and path, a body that is good: nonsense is laid over it."""
    subnet = make_subnet(ana)
    ike, ipsec = make_ike_policy(ana), make_ipsec_policy(ana)
    row = make_connection(ana)
    gateway = path_of(row.gateway)
    policy = {"authentication_algorithm": "sha256", "encryption_algorithm": "aes256"}
    return {
        "POST /v1/vpn_gateways": ("POST", {"mode": "policy", "subnet": {"id": str(subnet.pk)}}),
        f"PATCH {gateway}": ("PATCH", {"name": "b"}),
        f"POST {gateway}/connections": (
            "POST",
            {
                "psk": PSK,
                "local": {"cidrs": ["192.168.7.0/24"]},
                "peer": {"address": "203.0.113.77", "cidrs": ["10.77.0.0/24"]},
            },
        ),
        f"PATCH {path_of(row)}": ("PATCH", {"admin_state_up": False}),
        "POST /v1/ike_policies": ("POST", {**policy, "dh_group": 14, "ike_version": 2}),
        f"PATCH /v1/ike_policies/{ike.pk}": ("PATCH", {}),
        "POST /v1/ipsec_policies": ("POST", {**policy, "pfs": "group_14"}),
        f"PATCH /v1/ipsec_policies/{ipsec.pk}": ("PATCH", {}),
        "POST /v1/vpcs": ("POST", {}),
        "POST /v1/subnets": (
            "POST",
            {"vpc": {"id": str(subnet.vpc_id)}, "ipv4_cidr_block": "192.168.8.0/24"},
        ),
        "POST /v1/instances": ("POST", {"primary_network_interface": {"subnet": {"id": str(subnet.pk)}}}),
    }


def test_no_body_is_a_fault(ana: Party, places: dict[str, tuple[str, dict[str, Any]]]) -> None:
    api, paths = ana.api, sorted(places)

    @settings(
        max_examples=400,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.integers(0, len(paths) - 1), st.sampled_from(VERSIONS), BODIES, st.booleans())
    def ask(index: int, version: str, nonsense: dict[str, Any], plain: bool) -> None:
        method, good = places[paths[index]]
        path = paths[index].partition(" ")[2]
        body = nonsense if plain else {**good, **nonsense}
        with transaction.atomic():
            response = api(method, path, json.dumps(body).encode(), version=version)
            transaction.set_rollback(True)
        assert response.status_code in (200, 201, 400, 409), (path, version, body, response.content)
        if response.status_code >= 400:
            assert errors_of(response)
            assert PSK not in response.content.decode()

    ask()


def test_no_query_is_a_fault(ana: Party) -> None:
    api = ana.api
    names = (
        "version",
        "generation",
        "limit",
        "start",
        "sort",
        "mode",
        "status",
        "dry_run",
        "resource_group.id",
    )

    @settings(max_examples=150, deadline=None, database=None)
    @given(
        st.sampled_from(("vpn_gateways", "ike_policies", "vpcs", "subnets", "instances")),
        st.dictionaries(
            st.sampled_from(names), st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=4
        ),
    )
    def ask(collection: str, query: dict[str, str]) -> None:
        path = f"/v1/{collection}?{urlencode({'version': '2026-10-06', 'generation': '2', **query})}"
        response = api.get(path, version=None)
        assert response.status_code in (200, 400), (path, response.content)
        if response.status_code == 400:
            assert errors_of(response)

    ask()
