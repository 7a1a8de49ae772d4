"""What one version of strongSwan can do and another cannot. Pure: the one place that compares versions."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Features:
    """Tried on 5.9.8 (Debian 12) and 6.0.1 (Debian 13).

    `traps`: user-space ESP negotiates when a packet needs a tunnel (a trap policy). Before, it
    installed the trap, and packets vanished in it.
    `openssl_kdf`: the plugin `openssl` derives the keys of IKE, and there is no plugin `kdf`.
    """

    traps: bool = False
    openssl_kdf: bool = False


def features_of(version: str) -> Features:
    """From a version as charon and swanctl give it, such as 5.9.8, 6.0.1 or 6.0.2rc1. What cannot be
    read counts as the oldest."""
    found = _VERSION.match(version)
    is_six = found is not None and (int(found[1]), int(found[2])) >= (6, 0)
    return Features(traps=is_six, openssl_kdf=is_six)
