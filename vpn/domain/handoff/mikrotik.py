"""MikroTik RouterOS 6.45 and later: commands for the terminal."""

from __future__ import annotations

from vpn.domain.handoff.parameters import TCP_MSS, Parameters
from vpn.domain.handoff.support import Support, failures

SUPPORT = Support(dpd=(1, 86400), key_characters="?")
VERIFY = ("/ip ipsec active-peers print", "/ip ipsec installed-sa print", '/log print where topics~"ipsec"')
NOTES = (
    "Dead peer detection counts unanswered questions instead of seconds, at most five here",
    "Rules added with place-before=0 need one rule that is there already; without any, leave it away",
)
_CIPHERS = {"aes128": "aes-128", "aes256": "aes-256", "triple_des": "3des"}
_ESP_CIPHERS = {"aes128": "aes-128-cbc", "aes256": "aes-256-cbc", "triple_des": "3des"}
_GROUPS = {0: "none", 2: "modp1024", 5: "modp1536", 14: "modp2048"}
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$"})


def body(parameters: Parameters, key: str) -> list[str]:
    """In the order in which the parts refer to each other."""
    return [
        *_ipsec(parameters, key),
        *_policies(parameters),
        *_firewall(parameters),
        "# To take it away again: remove the policies, the identity, the peer, the proposal, the profile,",
        f'#   and the firewall rules with the comment "{parameters.tag}".',
    ]


def _ipsec(parameters: Parameters, key: str) -> list[str]:
    tag, ike, esp = parameters.tag, parameters.ike_suite, parameters.esp_suite
    mode = "main" if parameters.version == 1 else "ike2"
    return [
        f"/ip ipsec profile add name={tag} enc-algorithm={_CIPHERS[ike.cipher]} hash-algorithm={ike.digest}"
        f" dh-group={_GROUPS[ike.group]} lifetime={parameters.ike.lifetime}s"
        f" dpd-interval={parameters.dpd_interval}s dpd-maximum-failures={failures(SUPPORT, parameters)}"
        " nat-traversal=yes",
        f"/ip ipsec proposal add name={tag} enc-algorithms={_ESP_CIPHERS[esp.cipher]}"
        f" auth-algorithms={esp.digest} pfs-group={_GROUPS[esp.group]} lifetime={parameters.esp.lifetime}s",
        f"/ip ipsec peer add name={tag} address={parameters.ours.address}/32 exchange-mode={mode}"
        f" profile={tag}",
        f"/ip ipsec identity add peer={tag} auth-method=pre-shared-key secret={_quoted(key)}"
        f" my-id=address:{parameters.yours.identity}",
    ]


def _policies(parameters: Parameters) -> list[str]:
    return [
        f"/ip ipsec policy add peer={parameters.tag} proposal={parameters.tag} tunnel=yes level=unique"
        f" src-address={pair.yours} dst-address={pair.ours} comment={parameters.tag}"
        for pair in parameters.pairs
    ]


def _firewall(parameters: Parameters) -> list[str]:
    """What the tunnel carries is neither masqueraded nor too large."""
    tag, gateway = parameters.tag, parameters.ours.address
    nat = [
        f"/ip firewall nat add chain=srcnat action=accept src-address={pair.yours} dst-address={pair.ours}"
        f" comment={tag} place-before=0"
        for pair in parameters.pairs
    ]
    sized = [
        f"/ip firewall mangle add chain=forward action=change-mss new-mss={TCP_MSS} passthrough=yes"
        f" protocol=tcp tcp-flags=syn tcp-mss={TCP_MSS + 1}-65535 ipsec-policy={way},ipsec comment={tag}"
        for way in ("in", "out")
    ]
    doors = [
        f"/ip firewall filter add chain=input action=accept src-address={gateway} {what} comment={tag}"
        " place-before=0"
        for what in ("protocol=udp dst-port=500,4500", "protocol=ipsec-esp")
    ]
    return [*nat, *sized, *doors]


def _quoted(key: str) -> str:
    """RouterOS reads variables and escapes within double quotes."""
    return f'"{key.translate(_ESCAPED)}"'
