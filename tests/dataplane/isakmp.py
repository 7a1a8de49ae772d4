"""Messages of IKE by hand, for what no real peer would send: floods, and exchanges all at once."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable

# 2048-bit MODP group of RFC 3526.
PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
IKE_PORT = 500


def chain(payloads: Iterable[tuple[int, bytes]]) -> bytes:
    """Payloads (type, body) with their generic headers, each naming the type of the next."""
    parts = list(payloads)
    following = [kind for kind, _ in parts[1:]] + [0]
    return b"".join(
        struct.pack("!BxH", after, len(body) + 4) + body
        for after, (_, body) in zip(following, parts, strict=True)
    )


def headed(spis: bytes, kind: tuple[int, int, int], first: int, body: bytes, ident: int = 0) -> bytes:
    """A message: `spis` are both, 16 bytes; `kind` is version, exchange and flags; `first` the type
    of the first payload."""
    version, exchange, flags = kind
    fields = (first, version, exchange, flags, ident, len(body) + 28)
    return spis + struct.pack("!BBBBII", *fields) + body


def attribute(kind: int, value: int) -> bytes:
    """An IKEv1 or IKEv2 attribute of two bytes."""
    return struct.pack("!HH", 0x8000 | kind, value)


def v1_proposal(protocol: int, spi: bytes, transform: int, attributes: Iterable[tuple[int, int]]) -> bytes:
    """The body of an IKEv1 SA payload with one proposal of one transform."""
    listed = b"".join(attribute(kind, value) for kind, value in attributes)
    chosen = struct.pack("!BxHBBxx", 0, 8 + len(listed), 1, transform) + listed
    offer = struct.pack("!BxHBBBB", 0, 8 + len(spi) + len(chosen), 1, protocol, len(spi), 1) + spi + chosen
    return struct.pack("!II", 1, 1) + offer


# AES-CBC 128 bits, SHA-1, pre-shared key, group 14, an hour.
V1_IKE = v1_proposal(1, b"", 1, ((1, 7), (14, 128), (2, 2), (3, 1), (4, 14), (11, 1), (12, 3600)))


def main_mode() -> bytes:
    """The first message of IKEv1, from nobody."""
    body = chain([(1, V1_IKE)])
    return headed(os.urandom(8) + bytes(8), (0x10, 2, 0), 1, body)


def ike_sa_init() -> bytes:
    """The first message of IKEv2, from nobody, with everything that makes the responder work for it."""
    chosen = [(1, 12, attribute(14, 128)), (2, 2, b""), (3, 2, b""), (4, 14, b"")]
    listed = b"".join(
        struct.pack("!BxHBxH", 3 if place < 3 else 0, 8 + len(more), kind, ident) + more
        for place, (kind, ident, more) in enumerate(chosen)
    )
    offer = struct.pack("!BxHBBBB", 0, 8 + len(listed), 1, 1, 0, len(chosen)) + listed
    public = struct.pack("!Hxx", 14) + b"\x7f" + os.urandom(255)
    body = chain([(33, offer), (34, public), (40, os.urandom(32))])
    return headed(os.urandom(8) + bytes(8), (0x20, 34, 8), 33, body)


def send_forged(messages: Iterable[tuple[str, bytes]], to: str) -> None:
    """Each message as if its source address had sent it. Call it inside a namespace, as root."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_RAW) as wire:
        for source, message in messages:
            datagram = struct.pack("!HHHH", IKE_PORT, IKE_PORT, 8 + len(message), 0) + message
            # The kernel fills in length, checksum and identification.
            fields = (0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0)
            addresses = socket.inet_aton(source) + socket.inet_aton(to)
            wire.sendto(struct.pack("!BBHHHBBH", *fields) + addresses + datagram, (to, 0))
