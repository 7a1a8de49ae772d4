"""Display names of algorithms, from strongSwan's keywords and the API's names."""

from __future__ import annotations

import re

from policies.domain.algorithms import (
    AUTHENTICATION,
    DH_GROUPS,
    ENCRYPTION,
    INTEGRATED,
    canonical,
    pfs_group,
)

_HASHES = {
    "md5": "HMAC-MD5",
    "sha1": "HMAC-SHA-1",
    "sha256": "HMAC-SHA-256",
    "sha384": "HMAC-SHA-384",
    "sha512": "HMAC-SHA-512",
    "aesxcbc": "AES-XCBC",
}
_CURVES = {"ecp256": "P-256", "ecp384": "P-384", "ecp521": "P-521", "curve25519": "Curve25519"}
_AES = re.compile(r"aes(\d{3})(?:(gcm|ccm|ctr)\d*)?$")
_MODP = re.compile(r"modp(\d+)")


def cipher_name(keyword: str) -> str:
    """aes256gcm16 is AES-256-GCM; empty if it is not a cipher."""
    if keyword == "3des":
        return "3DES-CBC"
    match = _AES.match(keyword)
    return f"AES-{match[1]}-{(match[2] or 'cbc').upper()}" if match else ""


def hash_name(keyword: str) -> str:
    """sha256 is HMAC-SHA-256; empty if it is not a hash."""
    return _HASHES.get(keyword, "")


def group_kind(keyword: str) -> str:
    """modp2048 has 2048 bits, ecp256 is P-256; empty for other keywords."""
    match = _MODP.match(keyword)
    return f"{match[1]} bits" if match else _CURVES.get(keyword, "")


def name_of(word: str) -> str:
    """The display name of an algorithm of the API: aes256, sha384, group_14; empty for other names."""
    word = canonical(word)
    if word in ENCRYPTION:
        return cipher_name(ENCRYPTION[word].keyword)
    if word in AUTHENTICATION and word != INTEGRATED:
        return hash_name(AUTHENTICATION[word].keyword)
    number = pfs_group(word) if word.startswith("group_") else None
    if number is not None and number in DH_GROUPS:
        return f"group {number}, {group_kind(DH_GROUPS[number].keyword)}"
    return ""
