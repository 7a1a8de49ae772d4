"""Parts that refresh by themselves, and what that costs."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection as database
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import Party, make_connection, make_gateway, make_ike_policy, raise_quotas
from tests.pages import text_of
from vpn.models import Connection, Gateway, Node, TrafficSample, Tunnel
from vpn.services.connections import update_connection
from vpn.services.gateways import update_gateway

HTMX = {"HX-Request": "true"}


def path_of(connection: Connection, rest: str = "") -> str:
    return f"/gateways/{connection.gateway_id}/connections/{connection.pk}{rest}"


def poll_of(page: str) -> str:
    found = re.search(r'id="live".*?hx-get="([^"]+)"', page)
    assert found
    return found[1]


def fresh_of(part: str) -> list[str]:
    return re.findall(r'hx-swap-oob="innerHTML:#part-(\w+)"', part)


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def connection(ana: Party) -> Connection:
    return make_connection(ana)


def stir(connection: Connection) -> None:
    Gateway.objects.filter(pk=connection.gateway_id).update(stamp=F("stamp") + 1)


def up(connection: Connection, *, spi: str = "c1", count: int = 0) -> None:
    member = connection.gateway.members.get(index=0)
    pair = {"local": "192.168.100.0/24", "remote": "10.0.0.0/24", "state": "installed", "spi_in": spi}
    pair |= {"bytes_in": count, "bytes_out": 0, "packets_in": 1, "packets_out": 0, "spi_out": "c2"}
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    suite = {"ike_version": 2, "ike_suite": "aes256-sha256-modp2048", "esp_suite": "aes256-sha256"}
    suite |= {"nat": True, "established_at": timezone.now().isoformat(), "rekey_at": later}
    fields = {"status": "up", "negotiated": suite, "pairs": [pair | {"rekey_at": later}]}
    Tunnel.objects.update_or_create(connection=connection, member=member, defaults=fields)


@pytest.mark.parametrize("which", ["connection", "gateway"])
def test_every_part_has_its_place(browser: Client, connection: Connection, which: str) -> None:
    url = path_of(connection) if which == "connection" else f"/gateways/{connection.gateway_id}"
    page = text_of(browser.get(url))
    changes = text_of(browser.get(poll_of(page).partition("?")[0], headers=HTMX))
    assert len(fresh_of(changes)) >= 6
    for name in fresh_of(changes):
        assert page.count(f'id="part-{name}"') == 1
    assert 'style="' not in page and "<style" not in page and "data-updated" in page
    assert text_of(browser.get(poll_of(page), headers=HTMX)) == ""


@pytest.mark.parametrize("which", ["connection", "gateway"])
def test_a_new_name_reaches_the_open_page(
    ana: Party, browser: Client, connection: Connection, which: str
) -> None:
    url = path_of(connection) if which == "connection" else f"/gateways/{connection.gateway_id}"
    poll = poll_of(text_of(browser.get(url)))
    if which == "connection":
        update_connection(ana.editor, connection.gateway_id, connection.pk, {"name": "name-two"})
    else:
        update_gateway(ana.editor, connection.gateway_id, {"name": "name-two"})
    changes = text_of(browser.get(poll, headers=HTMX))
    assert "name" in fresh_of(changes) and '#part-name">name-two' in changes


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts go on with the clock."""
    at = timezone.now()
    monkeypatch.setattr("vpn.web.details.timezone", SimpleNamespace(now=lambda: at))


@pytest.mark.usefixtures("still")
def test_nothing_unchanged_is_sent_again(browser: Client, connection: Connection) -> None:
    poll = poll_of(text_of(browser.get(path_of(connection))))
    stir(connection)
    part = text_of(browser.get(poll, headers=HTMX))
    assert fresh_of(part) == [] and 'id="live"' in part
    assert browser.get(poll_of(part), headers=HTMX).status_code == 204


@pytest.mark.usefixtures("still")
def test_only_what_changed_is_drawn(ana: Party, browser: Client, connection: Connection) -> None:
    up(connection)
    poll = poll_of(text_of(browser.get(path_of(connection))))
    up(connection, spi="c9")
    stir(connection)
    part = text_of(browser.get(poll, headers=HTMX))
    assert fresh_of(part) == ["tunnels"] and "c9" in part
    Connection.objects.update(status="up", status_changed_at=timezone.now())
    stir(connection)
    part = text_of(browser.get(poll_of(part), headers=HTMX))
    assert "status" in fresh_of(part) and "facts" not in fresh_of(part)
    assert 'data-announce="Connection connection-0 up."' in part


def test_why_it_is_down_what_to_do_and_where_to_read_more(browser: Client, connection: Connection) -> None:
    reason = {"code": "peer_not_responding", "message": "The peer does not respond."}
    Connection.objects.update(status="down", status_reasons=[reason], status_changed_at=timezone.now())
    member = connection.gateway.members.get(index=0)
    Tunnel.objects.create(connection=connection, member=member, status="down", reasons=[reason])
    page = text_of(browser.get(path_of(connection)))
    for words in (
        "The peer does not respond.",
        "Check the peer address",
        "member 1 (",
        f"{connection.gateway.public_address} to 203.0.113.1",
        "/manual/tunnels#peer_not_responding",
        path_of(connection, "/log"),
    ):
        assert words in page
    # What a later engine may add has its place.
    compared = {"label": "IKE proposals", "ours": "aes256", "theirs": "3des"}
    Connection.objects.update(status_reasons=[reason | {"evidence": [compared]}])
    page = text_of(browser.get(path_of(connection)))
    assert "IKE proposals" in page and "aes256" in page and "3des" in page


def test_what_was_negotiated_in_words_and_what_fits(browser: Client, connection: Connection) -> None:
    up(connection, count=4096)
    at = timezone.now() - timedelta(minutes=2)
    TrafficSample.objects.create(
        connection=connection, at=at, bytes_in=3 << 20, bytes_out=0, packets_in=1, packets_out=0
    )
    for esp, words in (
        ("userspace", ("MTU</dt><dd>1422 bytes", "1360 bytes", "clamp the MSS of TCP connections to 1360")),
        (
            "kernel",
            ("MTU</dt><dd>1422 bytes", "MSS 1382 bytes", "1360 bytes, which fits", "the MSS is not clamped"),
        ),
        ("simulated", ("MTU</dt><dd>1422 bytes", "1360 bytes", "The simulated driver carries no packets")),
    ):
        Node.objects.update_or_create(
            name=connection.gateway.node, defaults={"esp": esp, "seen_at": timezone.now()}
        )
        page = text_of(browser.get(path_of(connection)))
        for word in (
            *words,
            "Diffie-Hellman group 14 (2048 bits)",
            "AES-256-CBC",
            "NAT traversal",
            "4.0 KiB",
        ):
            assert word in page, (esp, word)
    assert "3.0 MiB in and" in page and '<path class="in"' in page and "As a table" in page
    assert re.search(r'<rect\s+class="(up|down)"', page)
    assert "data-until" in page and "data-since" in page


def test_an_old_key_is_advised_against(ana: Party, browser: Client) -> None:
    policy = make_ike_policy(ana, encryption_algorithm="triple_des")
    connection = make_connection(ana, ike_policy={"id": str(policy.pk)})
    Connection.objects.update(psk_changed_at=timezone.now() - timedelta(days=400))
    page = text_of(browser.get(path_of(connection)))
    assert "400 days ago" in page and "more than a year old" in page
    assert f"/policies/ike/{policy.pk}" in page and "3des" in page


def queries(browser: Client, path: str) -> int:
    with CaptureQueriesContext(
        database,
    ) as seen:
        response = browser.get(path, headers=HTMX if "seen" in path else {})
    assert response.status_code == 200
    return len(seen)


def test_queries_do_not_grow(ana: Party, browser: Client, connection: Connection) -> None:
    raise_quotas(ana, connections_per_gateway=40)
    gateway = connection.gateway
    paths = [
        path_of(connection),
        path_of(connection, "/status?seen=0"),
        f"/gateways/{gateway.pk}",
        f"/gateways/{gateway.pk}/status?seen=0",
    ]
    for path in paths:
        queries(browser, path)
    before = [queries(browser, path) for path in paths]
    for number in range(1, 12):
        up(make_connection(ana, gateway, number))
    up(connection)
    assert [queries(browser, path) for path in paths] == before
    assert max(before) <= 20, before


def test_a_mirror_is_offered_where_it_is_missing(ana: Party, browser: Client) -> None:
    here, there = make_gateway(ana), make_gateway(ana)
    one = make_connection(ana, here, peer_address=there.public_address)
    offer = f"Create the other side, on {there.name}"
    assert offer in text_of(browser.get(path_of(one)))
    make_connection(ana, there, 1, peer_address=here.public_address)
    assert offer not in text_of(browser.get(path_of(one)))


def test_a_negotiated_weak_suite_is_shown(browser: Client, connection: Connection) -> None:
    up(connection)
    assert "modp1024</span>" not in text_of(browser.get(path_of(connection)))
    row = Tunnel.objects.get()
    row.negotiated |= {"ike_version": 1, "ike_suite": "3des-md5-modp1024"}
    row.save()
    page = text_of(browser.get(path_of(connection)))
    for word in ("IKEv1</span>", "modp1024</span>", "md5</span>", "/manual/algorithms"):
        assert word in page


def test_differences_between_two_own_ends_are_shown_side_by_side(
    ana: Party, browser: Client, connection: Connection
) -> None:
    there = make_gateway(ana, name="there")
    Connection.objects.update(
        peer_address=there.public_address, status_reasons=[{"code": "x", "message": "No."}]
    )
    assert "Both ends are yours" not in text_of(browser.get(path_of(connection)))
    fields = {"local_cidrs": ["10.0.0.0/24"], "peer_cidrs": ["192.168.9.0/24"], "psk": "AnotherPassword"}
    back = make_connection(ana, there, 1, peer_address=connection.gateway.public_address, **fields)
    page = text_of(browser.get(path_of(connection)))
    assert "Both ends are yours: these settings differ" in page and path_of(back) in page
    assert '<td data-label="At there" class="mono">192.168.9.0/24</td>' in page
    assert "another key" in page and "AnotherPassword" not in page
