"""Handmade frames: what a third party on the link can send, regardless of routes and addresses."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product

from tests.dataplane.capture import MARKER
from vpn.drivers.strongswan import netns
from vpn.drivers.strongswan.names import PROVIDER_BRIDGE, PUBLIC_LINK, Names

LINK = "wan0"
ADDRESS = "198.18.0.66"
MAC = "02:66:66:66:66:66"
ICMP, UDP = 1, 17
# In the echo requests of a stranger, and so in their answers.
ASKED = 7
_BODY = MARKER * 12


@dataclass(frozen=True)
class Stranger:
    """A host on the provider's network that is nobody's peer."""

    namespace: str

    def send(self, mac: str, sources: list[str], targets: list[str]) -> int:
        return send(self.namespace, LINK, mac, sources, targets, ident=ASKED)

    def say(self, text: bytes) -> None:
        say(self.namespace, LINK, text)

    def sent(self, frame: bytes) -> bool:
        return frame[6:12] == _mac(MAC)


def send(
    namespace: str, link: str, mac: str, sources: list[str], targets: list[str], *, ident: int = 0
) -> int:
    """Marked frames to the neighbour `mac`, ICMP and UDP, with a TTL that lasts and one that ends
    there, for every source and target. How many were sent."""
    frames = [
        _mac(mac)
        + _mac(_own_mac(namespace, link))
        + b"\x08\x00"
        + packet(source, target, protocol, ttl, ident)
        for source, target, protocol, ttl in product(sources, targets, (ICMP, UDP), (64, 1))
    ]
    netns.within(namespace, partial(_write, link, frames))
    return len(frames)


def say(namespace: str, link: str, text: bytes) -> None:
    """To everybody on the wire, in a frame that no protocol takes (an ethertype for experiments)."""
    frame = b"\xff" * 6 + _mac(_own_mac(namespace, link)) + b"\x88\xb5" + text.ljust(46)
    netns.within(namespace, partial(_write, link, [frame]))


def _write(link: str, frames: list[bytes]) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((link, 0))
        for frame in frames:
            wire.send(frame)


def packet(source: str, target: str, protocol: int, ttl: int, ident: int) -> bytes:
    """An echo request or a datagram with the marker in it."""
    if protocol == ICMP:
        head = struct.pack("!BBHHH", 8, 0, 0, ident, 1)
        body = head[:2] + _sum(head + _BODY) + head[4:] + _BODY
    else:
        # A UDP checksum of 0 means that there is none.
        body = struct.pack("!HHHH", 4096, 9, 8 + len(_BODY), 0) + _BODY
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, ttl, protocol, 0)
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    return head[:10] + _sum(head + ends) + ends + body


def _sum(data: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _own_mac(namespace: str, link: str) -> str:
    return link_mac(namespace, link) or MAC


def link_mac(namespace: str, link: str) -> str:
    """Of a link; empty where there is none."""

    def read() -> str:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind((link, 0))
            found: bytes = wire.getsockname()[4]
            return found.hex(":")

    try:
        return netns.within(namespace, read)
    except OSError:
        return ""


def public_mac(namespace: str) -> str:
    return link_mac(namespace, PUBLIC_LINK)


@contextmanager
def stranger(installation: str) -> Iterator[Stranger]:
    """Connected to the provider's bridge, which must exist."""
    names = Names(installation)
    namespace = f"{names.prefix}stranger"
    netns.create(namespace)
    try:
        netns.prepare(namespace, {"net/ipv4/ip_forward": "0"})
        netns.batch(
            [
                *netns.veth(LINK, "stranger", names.provider, 0),
                f"link set {LINK} address {MAC}",
                f"addr add {ADDRESS}/16 dev {LINK}",
            ],
            what="plug in a stranger",
            namespace=namespace,
        )
        netns.batch(
            [f"link set stranger master {PROVIDER_BRIDGE} up"], what="plug in", namespace=names.provider
        )
        yield Stranger(namespace)
    finally:
        netns.delete(namespace)
