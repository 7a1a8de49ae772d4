"""How policies are put into words on pages."""

from __future__ import annotations

from policies.domain.algorithms import DH_GROUPS, INTEGRATED, PFS_DISABLED, title_of
from policies.domain.verdicts import Strength, Verdict
from policies.strength import api_name


def labelled(word: str, verdict: Verdict) -> str:
    """For the choices of a form: `AES-256-GCM (aes256gcm16)`, `HMAC-MD5 (md5), broken: RFC 8247`."""
    name = title_of(word)
    shown = word if name.startswith("group") else api_name(word)
    return _judged(f"{name} ({shown})" if name else shown, verdict)


def labelled_group(number: int) -> str:
    """A Diffie-Hellman group of IKE: `14 (2048 bits)`."""
    group = DH_GROUPS[number]
    return _judged(f"{number} ({group.title})", group.ike)


def labelled_hash(word: str, verdict: Verdict) -> str:
    """Of phase 2, where ciphers may authenticate by themselves."""
    return (
        _judged(f"by the cipher itself ({INTEGRATED})", verdict)
        if word == INTEGRATED
        else labelled(word, verdict)
    )


def labelled_pfs(word: str, verdict: Verdict) -> str:
    return _judged(f"none ({PFS_DISABLED})", verdict) if word == PFS_DISABLED else labelled(word, verdict)


def _judged(text: str, verdict: Verdict) -> str:
    return text if verdict.strength is Strength.OK else f"{text}, {verdict.strength.value}: {verdict.rfc}"
