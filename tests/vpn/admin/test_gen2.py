"""Connections of generation 2 in the admin site, and what it refuses to empty."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.adminsite import add, change, errors, superuser
from tests.factories import PSK, Party, make_connection, make_gateway
from tests.pages import text_of
from tests.vpn.admin.test_forms import connection_form
from vpn.models import Connection
from vpn.services.connections import cidrs_of

NAME = "vpn.example.com"


@pytest.fixture
def root(db: None) -> Client:
    """A superuser who belongs to no account."""
    return superuser()


@pytest.fixture
def named(ana: Party) -> Connection:
    """To a peer that is known by its name."""
    identity = {"type": "hostname", "value": "branch-7"}
    row = make_connection(ana, peer_address="", peer_fqdn=NAME, api_generation=2, peer_identity=identity)
    Connection.objects.update(resolved_address="203.0.113.77")
    return Connection.objects.get(pk=row.pk)


def test_the_list_shows_and_finds_a_peer_by_its_name(root: Client, ana: Party, named: Connection) -> None:
    other = make_connection(ana, named.gateway, 1)
    url = reverse("admin:vpn_connection_changelist")
    page = text_of(root.get(url, {"o": "4"}))
    assert f'field-peer">{NAME}<' in page and f'field-peer">{other.peer_address}<' in page
    for text in (NAME, "203.0.113.77"):
        assert list(root.get(url, {"q": text}).context["cl"].result_list) == [named]
    assert list(root.get(url, {"api_generation": "2"}).context["cl"].result_list) == [named]


def test_its_page_shows_identities_generation_and_where_the_peer_is(root: Client, named: Connection) -> None:
    page = text_of(root.get(reverse("admin:vpn_connection_change", args=[named.pk])))
    assert "hostname: branch-7" in page and "203.0.113.77" in page
    assert f"{named.gateway.public_address} (default)" in page
    assert 'value="vpn.example.com"' in page and "API generation" in page


def test_a_name_is_given_and_changed(root: Client, ana: Party) -> None:
    fields = {
        "gateway": make_gateway(ana).pk,
        "name": "by-name",
        "peer_fqdn": NAME,
        "psk": PSK,
        "local_cidrs": "192.168.100.0/24",
        "peer_cidrs": "10.0.0.0/24",
        "dpd_action": "none",
    }
    assert add(root, "vpn_connection", **fields).status_code == 302
    row = Connection.objects.get()
    form = connection_form(row, peer_address="")
    for wrong in ("branch", ""):
        assert errors(change(root, "vpn_connection", row, **form | {"peer_fqdn": wrong})), wrong
    assert change(root, "vpn_connection", row, **form | {"peer_fqdn": "b.example.com"}).status_code == 302
    row.refresh_from_db()
    assert row.peer == "b.example.com"
    moved = change(root, "vpn_connection", row, **form | {"peer_address": "203.0.113.5"})
    assert "peer_address" in errors(moved)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("local_cidrs", "a connection needs at least one"),
        ("peer_cidrs", "a connection needs at least one"),
        ("peer_address", "The peer's address must be an IPv4 address such as 203.0.113.9"),
        ("dpd_interval", "This field is required."),
        ("dpd_timeout", "This field is required."),
        ("name", "This field is required."),
    ],
)
def test_what_is_emptied_is_refused_in_the_rules_words(
    root: Client, ana: Party, field: str, message: str
) -> None:
    row = make_connection(ana, peer_cidrs=["10.0.0.0/24", "10.1.0.0/24"])
    before = cidrs_of(row)
    found = errors(change(root, "vpn_connection", row, **connection_form(row, **{field: ""})))
    assert list(found) == [field] and message in found[field][0]
    assert cidrs_of(Connection.objects.get()) == before
