"""MikroTik RouterOS 6.45 and later: commands for the terminal."""

from __future__ import annotations

from policies.domain.algorithms import swan_group
from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.identities import OURS, YOURS, Kind, parse_identity
from vpn.handoff.parameters import Parameters, Timeout
from vpn.handoff.support import (
    CIPHERS,
    COMBINED,
    DIGESTS,
    USUAL_GROUPS,
    KeyIds,
    Phase,
    Support,
    failures,
)

SUPPORT = Support(
    ike=Phase(groups=USUAL_GROUPS, unsure=frozenset({"sha384", 31})),
    esp=Phase(ciphers=CIPHERS | COMBINED, digests=DIGESTS - {"sha384"}, groups=USUAL_GROUPS - {31}),
    timeout=Timeout.PROBES,
    key_ids=KeyIds.TEXT,
    key_characters="?",
)
VERIFY = ("/ip ipsec active-peers print", "/ip ipsec installed-sa print", '/log print where topics~"ipsec"')
NOTES = (
    "Dead peer detection counts unanswered probes instead of seconds, at most five here",
    "Rules added with place-before=0 need one rule that is there already; without any, leave it away",
)
_BITS = (128, 192, 256)
_CIPHERS = {f"aes{bits}": f"aes-{bits}" for bits in _BITS} | {"triple_des": "3des"}
_ESP_CIPHERS = {f"aes{bits}": f"aes-{bits}-cbc" for bits in _BITS} | {"triple_des": "3des"}
_ESP_CIPHERS |= {f"aes{bits}gcm16": f"aes-{bits}-gcm" for bits in _BITS}
_IDENTITIES = {Kind.ADDRESS: "address", Kind.NAME: "fqdn", Kind.KEY: "key-id"}
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$"})


def body(parameters: Parameters, key: str) -> list[str]:
    """In an order in which each part refers only to earlier ones."""
    return [
        *_ipsec(parameters, key),
        *_policies(parameters),
        *_firewall(parameters),
        *_removal(parameters.tag),
    ]


def _ipsec(parameters: Parameters, key: str) -> list[str]:
    tag, ike, esp = parameters.tag, parameters.ike_suite, parameters.esp_suite
    # By default the other side's identity is its address.
    known = parameters.ours.identity == parameters.ours.address
    other = "" if known else f" remote-id={_identity(parameters.ours.identity, OURS)}"
    # GCM requires an empty list.
    digest = esp.digest or '""'
    mode = "main" if parameters.version == 1 else "ike2"
    return [
        f"/ip ipsec profile add name={tag} enc-algorithm={_CIPHERS[ike.cipher]} hash-algorithm={ike.digest}"
        f" dh-group={_group(ike.group)} lifetime={parameters.ike.lifetime}s"
        f" dpd-interval={parameters.dpd_interval}s dpd-maximum-failures={failures(parameters)}"
        " nat-traversal=yes",
        f"/ip ipsec proposal add name={tag} enc-algorithms={_ESP_CIPHERS[esp.cipher]}"
        f" auth-algorithms={digest} pfs-group={_group(esp.group)} lifetime={parameters.esp.lifetime}s",
        f"/ip ipsec peer add name={tag} address={parameters.ours.address}/32 exchange-mode={mode}"
        f" profile={tag}",
        f"/ip ipsec identity add peer={tag} auth-method=pre-shared-key secret={_quoted(key)}"
        f" my-id={_identity(parameters.yours.identity, YOURS)}{other}",
    ]


def _group(number: int) -> str:
    return {0: "none", 31: "x25519"}.get(number) or swan_group(number)


def _identity(text: str, placeholder: str) -> str:
    identity = parse_identity(text)
    return f"{_IDENTITIES[identity.kind]}:{identity.plain or placeholder}"


def _policies(parameters: Parameters) -> list[str]:
    return [
        f"/ip ipsec policy add peer={parameters.tag} proposal={parameters.tag} tunnel=yes level=unique"
        f" src-address={pair.yours} dst-address={pair.ours} comment={parameters.tag}"
        for pair in parameters.pairs
    ]


def _firewall(parameters: Parameters) -> list[str]:
    """Exempts tunnel traffic from masquerading and clamps its MSS."""
    tag, gateway = parameters.tag, parameters.ours.address
    nat = [
        f"/ip firewall nat add chain=srcnat action=accept src-address={pair.yours} dst-address={pair.ours}"
        f" comment={tag} place-before=0"
        for pair in parameters.pairs
    ]
    sized = [
        f"/ip firewall mangle add chain=forward action=change-mss new-mss={CLAMPED_MSS} passthrough=yes"
        f" protocol=tcp tcp-flags=syn tcp-mss={CLAMPED_MSS + 1}-65535 ipsec-policy={way},ipsec comment={tag}"
        for way in ("in", "out")
    ]
    doors = [
        f"/ip firewall filter add chain=input action=accept src-address={gateway} {what} comment={tag}"
        " place-before=0"
        for what in ("protocol=udp dst-port=500,4500", "protocol=ipsec-esp")
    ]
    return [*nat, *sized, *doors]


def _removal(tag: str) -> list[str]:
    """Objects are deleted after everything that refers to them."""
    lines = [f"/ip ipsec policy remove [find comment={tag}]", f"/ip ipsec identity remove [find peer={tag}]"]
    lines += [f"/ip ipsec {kind} remove [find name={tag}]" for kind in ("peer", "proposal", "profile")]
    lines += [f"/ip firewall {kind} remove [find comment={tag}]" for kind in ("nat", "mangle", "filter")]
    return ["# To remove it:", *(f"#   {line}" for line in lines)]


def _quoted(key: str) -> str:
    """RouterOS expands variables and escapes within double quotes."""
    return f'"{key.translate(_ESCAPED)}"'
