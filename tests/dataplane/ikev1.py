"""An IKEv1 initiator by hand that begins all its Quick Modes before it ends one.

strongSwan as an initiator ends one before it begins the next; Libreswan and others do not. Main
mode with a pre-shared key, AES-CBC 128, SHA-1, group 14 (RFC 2409), UDP encapsulation (RFC 3947).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.dataplane.isakmp import PRIME, V1_IKE, chain, headed, v1_proposal

SA, KE, ID, HASH, NONCE, VENDOR, NAT_D = 1, 4, 5, 8, 10, 13, 20
MAIN_MODE, QUICK_MODE = 2, 32
_ENCRYPTED = 1
_NAT_T = hashlib.md5(b"RFC 3947", usedforsecurity=False).digest()
# ESP AES-CBC 128, HMAC-SHA1, tunnel mode in UDP, an hour.
_ESP_ATTRIBUTES = ((1, 1), (2, 3600), (4, 3), (5, 2), (6, 128))
_NO_MARKER = bytes(4)


@dataclass
class Initiator:
    """Made inside its namespace. `here` and `there` are IPv4 addresses, also the identities."""

    here: str
    there: str
    psk: bytes
    spis: bytes = field(default_factory=lambda: os.urandom(8) + bytes(8))
    skeyid_a: bytes = b""
    key: bytes = b""
    last_block: bytes = b""

    def __post_init__(self) -> None:
        self.plain, self.natted = self._socket(500), self._socket(4500)

    def close(self) -> None:
        self.plain.close()
        self.natted.close()

    def _socket(self, port: int) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        made.settimeout(10)
        made.bind((self.here, port))
        return made

    def main_mode(self) -> None:
        secret, ours = int.from_bytes(os.urandom(32), "big"), os.urandom(20)
        answer = self._exchange([(SA, V1_IKE), (VENDOR, _NAT_T)])
        self.spis = answer[:16]
        public = pow(2, secret, PRIME).to_bytes(256, "big")
        forced = [(NAT_D, os.urandom(20)), (NAT_D, os.urandom(20))]
        answer = self._exchange([(KE, public), (NONCE, ours), *forced])
        found = payloads(answer[28:], answer[16])
        theirs, nonce = found[KE], found[NONCE]
        shared = pow(int.from_bytes(theirs, "big"), secret, PRIME).to_bytes(256, "big")
        skeyid = prf(self.psk, ours + nonce)
        skeyid_d = prf(skeyid, shared + self.spis + b"\0")
        self.skeyid_a = prf(skeyid, skeyid_d + shared + self.spis + b"\1")
        self.key = prf(skeyid, self.skeyid_a + shared + self.spis + b"\2")[:16]
        ident = struct.pack("!BBH", 1, 0, 0) + socket.inet_aton(self.here)
        proof = prf(skeyid, public + theirs + self.spis + V1_IKE + ident)
        vector = hashlib.sha1(public + theirs, usedforsecurity=False).digest()[:16]
        message, _ = self._sealed(MAIN_MODE, 0, vector, [(ID, ident), (HASH, proof)])
        self.natted.sendto(_NO_MARKER + message, (self.there, 4500))
        # The responder's proof is not checked: this is a test's peer.
        self.last_block = self._receive(MAIN_MODE, 0)[-16:]

    def quick_modes(self, pairs: list[tuple[str, str]]) -> None:
        """One for each pair of CIDRs (ours, theirs): first every request, then every answer is
        awaited, then every exchange is ended."""
        open_ones: dict[int, tuple[bytes, bytes]] = {}
        for ours, theirs in pairs:
            ident, nonce = int.from_bytes(os.urandom(4), "big") | 1, os.urandom(20)
            vector = self._vector(ident)
            offer = v1_proposal(3, os.urandom(4), 12, _ESP_ATTRIBUTES)
            body = chain([(NONCE, nonce), (ID, subnet(ours)), (ID, subnet(theirs))])
            rest = struct.pack("!BxH", NONCE, len(offer) + 4) + offer + body
            message, last = self._sealed_quick(ident, vector, rest, SA)
            open_ones[ident] = nonce, last
            self.natted.sendto(_NO_MARKER + message, (self.there, 4500))
        answers = {ident: self._receive(QUICK_MODE, ident) for ident in open_ones}
        for ident, (nonce, last) in open_ones.items():
            opened = self._cipher(last).decryptor().update(answers[ident][28:])
            theirs_nonce = payloads(opened, HASH)[NONCE]
            proof = prf(self.skeyid_a, b"\0" + struct.pack("!I", ident) + nonce + theirs_nonce)
            message, _ = self._sealed(QUICK_MODE, ident, answers[ident][-16:], [(HASH, proof)])
            self.natted.sendto(_NO_MARKER + message, (self.there, 4500))

    def _sealed_quick(self, ident: int, vector: bytes, rest: bytes, first: int) -> tuple[bytes, bytes]:
        proof = prf(self.skeyid_a, struct.pack("!I", ident) + rest)
        body = struct.pack("!BxH", first, len(proof) + 4) + proof + rest
        return self._seal(QUICK_MODE, ident, vector, HASH, body)

    def _sealed(
        self, exchange: int, ident: int, vector: bytes, parts: list[tuple[int, bytes]]
    ) -> tuple[bytes, bytes]:
        return self._seal(exchange, ident, vector, parts[0][0], chain(parts))

    def _seal(self, exchange: int, ident: int, vector: bytes, first: int, body: bytes) -> tuple[bytes, bytes]:
        """The message, and its last block, from which the answer's vector follows."""
        padded = body + bytes(-len(body) % 16)
        closed = self._cipher(vector).encryptor().update(padded)
        return headed(self.spis, (0x10, exchange, _ENCRYPTED), first, closed, ident), closed[-16:]

    def _cipher(self, vector: bytes) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self.key), modes.CBC(vector))

    def _vector(self, ident: int) -> bytes:
        text = self.last_block + struct.pack("!I", ident)
        return hashlib.sha1(text, usedforsecurity=False).digest()[:16]

    def _exchange(self, parts: list[tuple[int, bytes]]) -> bytes:
        body = chain(parts)
        message = headed(self.spis, (0x10, MAIN_MODE, 0), parts[0][0], body)
        self.plain.sendto(message, (self.there, 500))
        return self.plain.recv(4096)

    def _receive(self, exchange: int, ident: int) -> bytes:
        """Answers to other exchanges that come meanwhile are kept."""
        while (exchange, ident) not in self._early:
            message = self.natted.recv(4096)
            if message[:4] == _NO_MARKER:
                message = message[4:]
                self._early[message[18], struct.unpack("!I", message[20:24])[0]] = message
        return self._early.pop((exchange, ident))

    _early: dict[tuple[int, int], bytes] = field(default_factory=dict)


def prf(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha1")


def subnet(cidr: str) -> bytes:
    network = IPv4Network(cidr)
    return struct.pack("!BBH", 4, 0, 0) + network.network_address.packed + network.netmask.packed


def payloads(text: bytes, first: int) -> dict[int, bytes]:
    """By type, the last of each; what follows the last is padding."""
    found: dict[int, bytes] = {}
    while first:
        following, size = struct.unpack("!BxH", text[:4])
        found[first] = text[4:size]
        first, text = following, text[size:]
    return found
