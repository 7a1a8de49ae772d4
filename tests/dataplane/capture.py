"""Packets on a link: tcpdump to a file, with minimal parsing."""

from __future__ import annotations

import ipaddress
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.dataplane.world import ping
from tests.waiting import PATIENCE
from vpn.drivers.strongswan.names import PROVIDER_BRIDGE, Names

MARKER = bytes.fromhex("5afec0de5afec0de")
MARKED = ("-p", MARKER.hex(), "-s", "200", "-i", "0.01")


@dataclass(frozen=True)
class Packet:
    """An IPv4 packet; ports are 0 where there are none."""

    source: str
    destination: str
    protocol: int
    port: int
    payload: bytes

    @property
    def is_ike(self) -> bool:
        return self.protocol == 17 and (self.port == 500 or self._in_4500(b"\0\0\0\0"))

    @property
    def is_esp(self) -> bool:
        return self.protocol == 50 or (self.port == 4500 and not self.is_ike)

    @property
    def spi(self) -> str:
        return self.payload[:4].hex()

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.payload[4:8], "big")

    @property
    def is_private(self) -> bool:
        """Names an address behind a gateway."""
        public = ipaddress.ip_network("198.18.0.0/16")
        ends = (ipaddress.ip_address(self.source), ipaddress.ip_address(self.destination))
        return any(end not in public and not end.is_multicast for end in ends)

    def _in_4500(self, start: bytes) -> bool:
        return self.port == 4500 and self.payload.startswith(start)


class Wire:
    """Frames as they were seen; complete after the capture has ended."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self._saved = -1

    def holds(self, part: bytes) -> bool:
        """Whether a frame with these bytes has been written down, while the capture goes on."""
        return part in os.pread(self._saved, 1 << 26, 0)

    @property
    def marked(self) -> int:
        return sum(MARKER in frame for frame in self.frames)

    @property
    def packets(self) -> list[Packet]:
        return [_packet(frame) for frame in self.frames if frame[12:14] == b"\x08\x00"]


def _packet(frame: bytes) -> Packet:
    body = frame[14:]
    head, protocol = (body[0] & 15) * 4, body[9]
    source, destination = (str(ipaddress.ip_address(body[at : at + 4])) for at in (12, 16))
    rest = body[head:]
    if protocol != 17:
        return Packet(source, destination, protocol, 0, rest)
    near, far = struct.unpack("!HH", rest[:4])
    return Packet(source, destination, protocol, max(near, far), rest[8:])


@contextmanager
def capture(namespace: str, interface: str) -> Iterator[Wire]:
    """Everything on an Ethernet interface from the first line of the block to its last."""
    wire = Wire()
    # With the whole of a frame kept, and room for 64 kB of each, the ring holds 30 of them.
    command = ["ip", "netns", "exec", namespace, "tcpdump", "-U", "--immediate-mode", "-n", "-s", "2048"]
    with tempfile.TemporaryFile() as out:
        wire._saved = out.fileno()
        dump = subprocess.Popen(
            [*command, "-i", interface, "-w", "-"], stdout=out, stderr=subprocess.PIPE, text=True
        )
        assert dump.stderr
        try:
            assert any("listening" in line for line in dump.stderr)
            yield wire
        finally:
            dump.terminate()
            dump.wait(10 * PATIENCE)
            dump.stderr.close()
        out.seek(0)
        wire.frames += _frames(out.read())


def _frames(saved: bytes) -> Iterator[bytes]:
    at = 24
    while at + 16 <= len(saved):
        (size,) = struct.unpack("=I", saved[at + 8 : at + 12])
        yield saved[at + 16 : at + 16 + size]
        at += 16 + size


@contextmanager
def provider_wire(installation: str) -> Iterator[Wire]:
    with capture(Names(installation).provider, PROVIDER_BRIDGE) as wire:
        yield wire


def marked_pings(namespace: str, target: str, count: int = 20) -> int:
    return ping(namespace, target, *MARKED, count=count)
