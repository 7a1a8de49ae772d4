"""Netlink dumps without a subprocess. Call these inside `netns.within`.

Layouts: linux/netlink.h, linux/rtnetlink.h, linux/fib_rules.h, linux/netfilter/nf_tables.h.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

ROUTE, NETFILTER = 0, 12

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_REQUEST, _REQUEST_DUMP = 0x1, 0x301
_INTERRUPTED = 0x10
_ERROR, _DONE = 2, 3
_ATTRIBUTE_TYPE = 0x3FFF
_SPACE = 1 << 17
_TRIES = 5


class Message(NamedTuple):
    """The fixed header of a reply, and its attributes."""

    fixed: bytes
    raw: bytes

    def attributes(self) -> dict[int, bytes]:
        """By type number, without flags; the last one of repeated attributes."""
        return dict(_attributes(self.raw))


def dump(protocol: int, kind: int, fixed: bytes) -> list[Message]:
    """Everything of one kind in this namespace. OSError.

    A dump that was interrupted by a change is incomplete and requested again.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol) as link:
        link.bind((0, 0))
        for number in range(1, _TRIES + 1):
            link.send(_HEADER.pack(_HEADER.size + len(fixed), kind, _REQUEST_DUMP, number, 0) + fixed)
            found, whole = _answers(link, len(fixed))
            if whole:
                break
        return found


def ask(protocol: int, kind: int, fixed: bytes, attribute: int, value: bytes) -> Message:
    """One object of this namespace, found by an attribute. OSError, ENODEV if there is none."""
    padded = value.ljust((len(value) + 3) & ~3, b"\0")
    wanted = fixed + _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), attribute) + padded
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol) as link:
        link.bind((0, 0))
        link.send(_HEADER.pack(_HEADER.size + len(wanted), kind, _REQUEST, 1, 0) + wanted)
        received = link.recv(_SPACE)
    length, answer, _, _, _ = _HEADER.unpack_from(received)
    body = received[_HEADER.size : length]
    if answer == _ERROR:
        number = -struct.unpack_from("=i", body)[0]
        raise OSError(number, os.strerror(number))
    return Message(body[: len(fixed)], body[len(fixed) :])


def _answers(link: socket.socket, size: int) -> tuple[list[Message], bool]:
    found: list[Message] = []
    whole = True
    while True:
        received = link.recv(_SPACE)
        at = 0
        while at < len(received):
            length, kind, flags, _, _ = _HEADER.unpack_from(received, at)
            body = received[at + _HEADER.size : at + length]
            at += (length + 3) & ~3
            whole = whole and not flags & _INTERRUPTED
            if kind == _DONE:
                return found, whole
            if kind == _ERROR:
                number = -struct.unpack_from("=i", body)[0]
                raise OSError(number, "the kernel refused a netlink dump")
            found.append(Message(body[:size], body[size:]))


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(raw):
        length, number = _ATTRIBUTE.unpack_from(raw, at)
        yield number & _ATTRIBUTE_TYPE, raw[at + _ATTRIBUTE.size : at + length]
        at += (max(length, _ATTRIBUTE.size) + 3) & ~3
