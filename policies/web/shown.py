"""Labels of algorithms, as pages show them."""

from __future__ import annotations

from policies.domain.algorithms import DH_GROUPS, INTEGRATED, PFS_DISABLED, title_of
from policies.domain.verdicts import Strength, Verdict
from policies.strength import api_name


def algorithm_label(word: str, verdict: Verdict) -> str:
    """The label of a form's choice: `AES-256-GCM (aes256gcm16)`, `HMAC-MD5 (md5), broken: RFC 8247`."""
    name = title_of(word)
    shown = word if name.startswith("group") else api_name(word)
    return _with_strength(f"{name} ({shown})" if name else shown, verdict)


def group_label(number: int) -> str:
    """A Diffie-Hellman group of IKE: `14 (2048 bits)`."""
    group = DH_GROUPS[number]
    return _with_strength(f"{number} ({group.title})", group.ike)


def hash_label(word: str, verdict: Verdict) -> str:
    """The label of a phase 2 hash; AEAD ciphers need none."""
    return (
        _with_strength(f"built into the cipher ({INTEGRATED})", verdict)
        if word == INTEGRATED
        else algorithm_label(word, verdict)
    )


def pfs_label(word: str, verdict: Verdict) -> str:
    return (
        _with_strength(f"none ({PFS_DISABLED})", verdict)
        if word == PFS_DISABLED
        else algorithm_label(word, verdict)
    )


def _with_strength(text: str, verdict: Verdict) -> str:
    return text if verdict.strength is Strength.OK else f"{text}, {verdict.strength.value}: {verdict.rfc}"
