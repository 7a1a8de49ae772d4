"""Secrets at rest: AES-256-GCM under a ring of keys. The first one encrypts, all of them decrypt.

A token is `v1.<key id>.<base64 of nonce and ciphertext>`; the row's place (`context`) is
authenticated with it, so a token copied to another row does not decrypt.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from console.core.environment import sealing_key

_PREFIX = "v1"


class DecryptionError(Exception):
    """A token that no key of the ring decrypts, or that belongs to another row."""


def new_key() -> str:
    """A fresh key as it is written into ISTHMUS_ENCRYPTION_KEYS: 32 random bytes, URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


class KeyRing:
    """Raises ValueError when a key is not 32 bytes of URL-safe base64, or when there is none."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("ISTHMUS_ENCRYPTION_KEYS is empty: at least one key is needed")
        self._ciphers: dict[str, AESGCM] = {}
        for text in keys:
            raw = sealing_key(text)
            self._ciphers.setdefault(hashlib.sha256(raw).hexdigest()[:8], AESGCM(raw))
        self._first = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._ciphers)}>"

    def seal(self, plain: str, context: str) -> str:
        nonce = os.urandom(12)
        sealed = nonce + self._ciphers[self._first].encrypt(nonce, plain.encode(), context.encode())
        return f"{_PREFIX}.{self._first}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, token: str, context: str) -> str:
        """Raises DecryptionError; its message never holds any part of the secret."""
        try:
            prefix, key_id, body = token.split(".")
            raw = base64.urlsafe_b64decode(body)
            if prefix != _PREFIX:
                raise ValueError(prefix)
            return self._ciphers[key_id].decrypt(raw[:12], raw[12:], context.encode()).decode()
        except KeyError:
            raise DecryptionError("a secret is sealed with a key that is not in the ring") from None
        except (ValueError, InvalidTag):
            raise DecryptionError("a sealed secret is damaged or belongs to another row") from None

    def is_current(self, token: str) -> bool:
        return token.split(".")[1:2] == [self._first]


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> KeyRing:
    return KeyRing(keys)


def key_ring() -> KeyRing:
    """The ring of this installation's settings."""
    return _ring(tuple(settings.ENCRYPTION_KEYS))
