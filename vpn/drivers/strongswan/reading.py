"""The state of a namespace, read without a subprocess. Call these inside `netns.within`."""

from __future__ import annotations

import array
import errno
import fcntl
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vpn.drivers.strongswan import netlink, netns

_SIOCGIFCONF = 0x8912
_SIOCGIFHWADDR = 0x8927
_IFREQ_SIZE = 40
_GET_LINK, _GET_ROUTE, _GET_RULE = 18, 26, 34
# struct ifinfomsg; IFLA_IFNAME and IFLA_MASTER.
_LINK = struct.Struct("=BBHiII")
_NAME, _MASTER = 3, 10
_FIXED = struct.Struct("=BBBBBBBBI")
_LOCAL, _UNICAST, _INVERTED = 255, 1, 2
_ACTIONS = {6: "blackhole", 7: "unreachable", 8: "prohibit"}


class Route(NamedTuple):
    """`gateway` "" means directly connected; `link` "*" is an unreachable route."""

    table: int
    network: str
    gateway: str
    link: str


@dataclass(frozen=True, slots=True)
class NamespaceState:
    """IPv4 addresses by interface, the routes of all tables but the kernel's own (local), and the rules in
    the syntax of `ip rule add`. `up` are the links that are administratively up."""

    links: frozenset[str]
    addresses: Mapping[str, frozenset[str]]
    routes: frozenset[Route]
    rules: frozenset[str] = frozenset()
    up: frozenset[str] = frozenset()

    def has_only(self, link: str, address: str) -> bool:
        return self.addresses.get(link) == frozenset({address})

    def table(self, number: int) -> frozenset[Route]:
        return frozenset(route for route in self.routes if route.table == number)

    def networks(self, table: int) -> frozenset[str]:
        return frozenset(route.network for route in self.table(table))

    def via(self, gateway: str, table: int) -> frozenset[str]:
        return frozenset(route.network for route in self.table(table) if route.gateway == gateway)


EMPTY = NamespaceState(frozenset(), {}, frozenset())


def inspect() -> NamespaceState:
    links = dict(socket.if_nameindex())
    return NamespaceState(
        links=frozenset(links.values()),
        addresses={name: frozenset(found) for name, found in _addresses().items()},
        routes=frozenset(_routes(links)),
        rules=frozenset(_rules()),
        up=frozenset(_up(links.values())),
    )


def is_port(link: str, bridge: str) -> bool:
    """Whether the link is a port of the bridge, and both are up."""
    port, of = _link(link), _link(bridge)
    return bool(port and of and port.up and of.up and port.master == of.number)


class _Link(NamedTuple):
    number: int
    up: bool
    master: int


def _link(name: str) -> _Link | None:
    try:
        found = netlink.ask(netlink.ROUTE, _GET_LINK, bytes(_LINK.size), _NAME, name.encode() + b"\0")
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        return None
    _, _, _, number, flags, _ = _LINK.unpack(found.fixed)
    return _Link(number, bool(flags & netns.IFF_UP), _number(found.attributes().get(_MASTER)))


def _up(links: Iterable[str]) -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        for name in links:
            try:
                if netns.flags(probe, name) & netns.IFF_UP:
                    yield name
            except OSError as error:
                # It was deleted since.
                if error.errno != errno.ENODEV:
                    raise


def _addresses() -> dict[str, set[str]]:
    """struct ifconf with space for 1024 addresses (a member has one for each local CIDR)."""
    space = array.array("B", bytes(_IFREQ_SIZE * 1024))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        request = struct.pack("iL", len(space), space.buffer_info()[0])
        size = struct.unpack("iL", fcntl.ioctl(probe.fileno(), _SIOCGIFCONF, request))[0]
    found: dict[str, set[str]] = {}
    raw = space.tobytes()
    for start in range(0, size, _IFREQ_SIZE):
        name = raw[start : start + 16].split(b"\0", 1)[0].decode()
        found.setdefault(name, set()).add(socket.inet_ntoa(raw[start + 20 : start + 24]))
    return found


def _routes(links: Mapping[int, str]) -> Iterator[Route]:
    """struct rtmsg and RTA_ attributes."""
    for message in netlink.dump(netlink.ROUTE, _GET_ROUTE, bytes([socket.AF_INET]).ljust(12, b"\0")):
        _, size, _, _, table, _, _, kind, _ = _FIXED.unpack(message.fixed)
        if table == _LOCAL:
            continue
        values = message.attributes()
        link = links.get(_number(values.get(4)), "") if kind == _UNICAST else "*"
        network = f"{_address(values.get(1))}/{size}"
        gateway = _address(values[5]) if 5 in values else ""
        yield Route(_number(values.get(15)) or table, network, gateway, link)


def _rules() -> Iterator[str]:
    """struct fib_rule_hdr and FRA_ attributes."""
    for message in netlink.dump(netlink.ROUTE, _GET_RULE, bytes([socket.AF_INET]).ljust(12, b"\0")):
        _, to_size, from_size, _, table, _, _, action, flags = _FIXED.unpack(message.fixed)
        values = message.attributes()
        words = [f"pref {_number(values.get(6))}", *(["not"] if flags & _INVERTED else [])]
        words += [f"from {_ends(values[2], from_size)}"] if 2 in values else []
        words += [f"to {_ends(values[1], to_size)}"] if 1 in values else []
        words += [f"fwmark {_number(values[10]):#x}"] if _number(values.get(10)) else []
        words += [f"{word} {_text(values[key])}" for word, key in (("iif", 3), ("oif", 17)) if key in values]
        words += [_ACTIONS.get(action) or f"lookup {_number(values.get(15)) or table}"]
        yield " ".join(words)


def _number(raw: bytes | None) -> int:
    return int(struct.unpack_from("=I", raw)[0]) if raw else 0


def _address(raw: bytes | None) -> str:
    return socket.inet_ntoa(raw or b"\0\0\0\0")


def _ends(raw: bytes, size: int) -> str:
    return _address(raw) + (f"/{size}" if size < 32 else "")


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode()


def announce(link: str, address: str) -> None:
    """Gratuitous ARP, as request and as reply: neighbours update their ARP caches.

    Without it a peer kept sending to the old member for more than 10 s.
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC) as wire:
        own = fcntl.ioctl(wire.fileno(), _SIOCGIFHWADDR, struct.pack("256s", link.encode()))[18:24]
        wire.bind((link, 0x0806))
        ip, everyone = socket.inet_aton(address), b"\xff" * 6
        for operation in (1, 2):
            body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + own + ip + everyone + ip
            try:
                wire.send(everyone + own + b"\x08\x06" + body)
            except OSError as error:
                if error.errno != errno.ENETDOWN:
                    raise
