"""Names of peers are resolved outside of reconcile runs: limited per account, by TTL, with cached answers."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from django.conf import LazySettings, settings

from tests.factories import Party, make_gateway, make_subnet, make_vpc, raise_quotas
from tests.vpn.scene import make_scene
from tests.waiting import wait_for
from vpn.models import Connection, Gateway
from vpn.reconcile import resolver as module
from vpn.reconcile.controller import observe_gateway
from vpn.reconcile.resolver import Answer, Resolver, ask_dns
from vpn.services.connections import create_connection, update_connection
from vpn.services.fields import ConnectionFields

pytestmark = pytest.mark.django_db


def named(party: Party, *names: str) -> Gateway:
    """A gateway with a connection to a peer of each name."""
    raise_quotas(party, connections_per_gateway=50)
    gateway = make_gateway(party, make_subnet(party, make_vpc(party)))
    for number, name in enumerate(names):
        fields: ConnectionFields = {
            "psk": "VPNDemoPassword",
            "local": {"cidrs": ["192.168.100.0/24"]},
            "peer": {"fqdn": name, "cidrs": [f"10.{number}.0.0/24"]},
        }
        create_connection(party.editor, gateway.pk, fields)
    return gateway


class Dns:
    """Names and their answers; those in `hung` answer when they are let go."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.hung: set[str] = set()
        self.free = threading.Event()
        self.asked: list[str] = []
        self.now = 0.0
        self.resolver = Resolver(settings.NODE, self.ask, lambda: self.now)

    def ask(self, name: str) -> Answer:
        self.asked.append(name)
        if name in self.hung:
            self.free.wait(60)
        return self.answers.get(name, Answer())

    def settle(self) -> None:
        self.resolver.poll_once()
        wait_for(lambda: self.resolver.poll_once() or self.resolver.idle())


@pytest.fixture
def slow() -> Iterator[Dns]:
    made = Dns()
    yield made
    made.free.set()
    wait_for(lambda: self_idle(made))


def self_idle(made: Dns) -> bool:
    made.resolver.poll_once()
    return made.resolver.idle()


def addresses(name: str) -> list[str]:
    return list(Connection.objects.get(peer_fqdn=name).resolved_addresses)


def test_slow_names_delay_neither_a_run_nor_other_accounts(
    ana: Party, ben: Party, driver: Any, slow: Dns
) -> None:
    slow_names = [f"slow-{number}.example.com" for number in range(10)]
    mine, theirs = named(ana, *slow_names), named(ben, "fast.example.com")
    slow.hung = set(slow_names)
    slow.answers = {"fast.example.com": Answer(("203.0.113.9",), 60.0)}
    slow.resolver.poll_once()
    assert len(set(slow.asked) & slow.hung) <= module.LOOKUPS_OF_ACCOUNT
    wait_for(lambda: slow.resolver.poll_once() or bool(addresses("fast.example.com")))
    for gateway in (mine, theirs):
        observe_gateway(gateway.pk, driver=driver)
    assert Connection.objects.get(peer_fqdn="fast.example.com").resolved_address == "203.0.113.9"
    assert len(set(slow.asked) & slow.hung) == module.LOOKUPS_OF_ACCOUNT


def test_a_name_is_asked_again_when_its_ttl_is_over(ana: Party) -> None:
    named(ana, "vpn.example.com")
    there = Dns(vpn_example_com=Answer(("203.0.113.5",), 30.0))
    there.settle()
    there.now = 29.0
    there.settle()
    assert len(there.asked) == 1 and addresses("vpn.example.com") == ["203.0.113.5"]
    there.answers["vpn.example.com"] = Answer(("203.0.113.6",), 0.0)
    there.now = 31.0
    there.settle()
    assert addresses("vpn.example.com") == ["203.0.113.6"]
    there.now += module.MIN_WAIT - 1
    there.settle()
    assert len(there.asked) == 2
    there.now += 2
    there.settle()
    assert len(there.asked) == 3


def test_answers_are_kept_while_nobody_answers(ana: Party) -> None:
    named(ana, "vpn.example.com")
    there = Dns(vpn_example_com=Answer(("203.0.113.5", "203.0.113.6"), 30.0))
    there.settle()
    there.answers.clear()
    waits = []
    for _ in range(7):
        asked = len(there.asked)
        while len(there.asked) == asked:
            there.now += 1.0
            there.settle()
        waits.append(there.now)
    assert addresses("vpn.example.com") == ["203.0.113.5", "203.0.113.6"]
    gaps = [after - before for before, after in pairwise(waits)]
    assert gaps == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_after_a_restart_answers_are_still_there(ana: Party, driver: Any) -> None:
    gateway = named(ana, "vpn.example.com")
    Dns(vpn_example_com=Answer(("203.0.113.5",), 30.0)).settle()
    Dns().settle()
    observe_gateway(gateway.pk, driver=driver)
    assert Connection.objects.get().resolved_address == "203.0.113.5"


def test_a_new_answer_requests_a_run_and_the_same_one_does_not(ana: Party) -> None:
    gateway = named(ana, "vpn.example.com")
    there = Dns(vpn_example_com=Answer(("203.0.113.5", "203.0.113.6"), 5.0))
    before = Gateway.objects.get(pk=gateway.pk).work_requested
    there.settle()
    assert Gateway.objects.get(pk=gateway.pk).work_requested == before + 1
    there.answers["vpn.example.com"] = Answer(("203.0.113.6", "203.0.113.5"), 5.0)
    there.now += 10
    there.settle()
    assert len(there.asked) == 2 and Gateway.objects.get(pk=gateway.pk).work_requested == before + 1


def test_who_joins_a_known_name_need_not_wait(ana: Party, ben: Party) -> None:
    named(ana, "vpn.example.com")
    there = Dns(vpn_example_com=Answer(("203.0.113.5",), 3000.0))
    there.settle()
    named(ben, "VPN.example.com.")
    there.settle()
    assert addresses("VPN.example.com.") == ["203.0.113.5"] and len(there.asked) == 1


def test_connections_of_one_name_use_one_address(ana: Party, driver: Any) -> None:
    gateway = named(ana, "vpn.example.com", "VPN.example.com")
    there = Dns(vpn_example_com=Answer(("203.0.113.5", "203.0.113.6"), 30.0))
    there.settle()
    rows = Connection.objects.filter(gateway=gateway).order_by("created_at")
    rows.filter(pk=rows[1].pk).update(resolved_address="203.0.113.6")
    observe_gateway(gateway.pk, driver=driver)
    assert {row.resolved_address for row in rows.all()} == {"203.0.113.5"}


def test_another_name_forgets_the_answers(ana: Party) -> None:
    gateway = named(ana, "vpn.example.com")
    there = Dns(vpn_example_com=Answer(("203.0.113.5",), 30.0))
    there.settle()
    row = Connection.objects.get()
    update_connection(ana.editor, gateway.pk, row.pk, {"peer": {"fqdn": "other.example.com"}})
    row.refresh_from_db()
    assert (row.resolved_addresses, row.resolved_address) == ([], None)


class _Server(socketserver.BaseRequestHandler):
    """Answers one name with two addresses and a TTL of 7 s; for others there is no such name."""

    def handle(self) -> None:
        data, sock = self.request
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        question = query.question[0]
        if question.name.to_text() == "vpn.example.com." and question.rdtype == dns.rdatatype.A:
            reply.answer.append(
                dns.rrset.from_text(question.name, 7, "IN", "A", "203.0.113.5", "203.0.113.6")
            )
        else:
            reply.set_rcode(3)
        sock.sendto(reply.to_wire(), self.client_address)


@pytest.fixture
def server(settings: LazySettings) -> Iterator[None]:
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Server) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        settings.DNS_SERVERS = [("127.0.0.1", made.server_address[1])]
        yield
        made.shutdown()


def test_by_the_wire(server: None) -> None:
    found = ask_dns("vpn.example.com")
    assert (sorted(found.addresses), found.ttl) == (["203.0.113.5", "203.0.113.6"], 7.0)
    assert ask_dns("nothing.example.com") == Answer()


def test_a_name_of_the_hosts_file(server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "::1 peer.test", "192.0.2.7 other Peer.test. # 192.0.2.9 peer.test", "", "192.0.2.8 peer.test"
    hosts = tmp_path / "hosts"
    hosts.write_text("\n".join(lines))
    monkeypatch.setattr(module, "HOSTS", hosts)
    assert ask_dns("peer.test") == Answer(("192.0.2.7", "192.0.2.8"), module.WITHOUT_TTL)
    hosts.unlink()
    assert ask_dns("peer.test") == Answer()


def test_a_lookup_without_an_answer_ends(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library, which knows no such limit, is not asked for the name after the DNS."""
    asked: list[Any] = []

    def ask_again(*about: Any) -> list[Any]:
        asked.append(about)
        return []

    monkeypatch.setattr(module, "LOOKUP_TIMEOUT", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", ask_again)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        settings.DNS_SERVERS = [mute.getsockname()]
        assert ask_dns("vpn.example.com") == Answer()
    assert asked == []


def test_the_scene_has_no_names_to_ask() -> None:
    make_scene()
    there = Dns()
    there.settle()
    assert there.asked == []
