"""What stands in a namespace, read without a process. Call these inside `netns.within`."""

from __future__ import annotations

import array
import errno
import fcntl
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

_SIOCGIFCONF = 0x8912
_SIOCGIFHWADDR = 0x8927
_IFREQ_SIZE = 40
_RTF_REJECT = 0x0200


@dataclass(frozen=True, slots=True)
class Sight:
    """IPv4 addresses by interface, and the main table: network -> (gateway, interface).

    Gateway "0.0.0.0" means directly connected; interface "*" an unreachable route.
    """

    links: frozenset[str]
    addresses: Mapping[str, frozenset[str]]
    routes: frozenset[tuple[str, str, str]]

    def has_only(self, link: str, address: str) -> bool:
        return self.addresses.get(link) == frozenset({address})

    def unreachable(self) -> frozenset[str]:
        return frozenset(network for network, _, link in self.routes if link == "*")

    def via(self, gateway: str) -> frozenset[str]:
        return frozenset(network for network, hop, _ in self.routes if hop == gateway)


NOTHING = Sight(frozenset(), {}, frozenset())


def look() -> Sight:
    return Sight(
        links=frozenset(name for _, name in socket.if_nameindex()),
        addresses={name: frozenset(found) for name, found in _addresses().items()},
        routes=frozenset(_routes()),
    )


def _addresses() -> dict[str, set[str]]:
    """struct ifconf with room for 1024 addresses (a member has one for each local CIDR)."""
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


def _routes() -> list[tuple[str, str, str]]:
    found = []
    for line in Path("/proc/thread-self/net/route").read_text().splitlines()[1:]:
        link, destination, gateway, flags, _, _, _, mask, *_ = line.split()
        network = IPv4Network((_address(destination), _address(mask)))
        rejected = int(flags, 16) & _RTF_REJECT
        found.append((str(network), _address(gateway), "*" if rejected else link))
    return found


def _address(little_endian: str) -> str:
    return socket.inet_ntoa(struct.pack("=I", int(little_endian, 16)))


def announce(link: str, address: str) -> None:
    """Gratuitous ARP, as request and as reply: neighbours replace the MAC they remember.

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
