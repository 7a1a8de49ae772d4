"""VyOS 1.4 and later: lines of `set` for configuration mode."""

from __future__ import annotations

from vpn.domain.suites import CLAMPED_MSS
from vpn.handoff.parameters import Parameters, Suite
from vpn.handoff.support import Support

SUPPORT = Support(dpd=(2, 86400), key_characters="'\"\\")
VERIFY = ("show vpn ike sa", "show vpn ipsec sa", "reset vpn ipsec site-to-site peer <TAG>")
NOTES = (
    "The dead peer detection timeout counts with IKEv1 only",
    "VyOS 1.3 keeps the key below the peer (authentication pre-shared-secret) and names peers by address",
    "Traffic of the tunnel must be left out of NAT: the exclude rules below come before every other rule",
)
_WORDS = {"triple_des": "3des"} | {f"aes{bits}gcm16": f"aes{bits}gcm128" for bits in (128, 192, 256)}


def body(parameters: Parameters, key: str) -> list[str]:
    """Paste it after `configure`; `commit` and `save` follow."""
    tag = parameters.tag
    return [
        *_key(parameters, key),
        *_groups(parameters),
        *_peer(parameters),
        *(
            f"set nat source rule <RULE-{number}> {setting}"
            for number, pair in enumerate(parameters.pairs, 1)
            for setting in (
                f"source address '{pair.yours}'",
                f"destination address '{pair.ours}'",
                "outbound-interface name '<WAN-INTERFACE>'",
                "exclude",
            )
        ),
        f"set interfaces ethernet <LAN-INTERFACE> ip adjust-mss '{CLAMPED_MSS}'",
        "# To remove it:",
        *(f"#   delete nat source rule <RULE-{number + 1}>" for number in range(len(parameters.pairs))),
        "#   delete interfaces ethernet <LAN-INTERFACE> ip adjust-mss",
        f"#   delete vpn ipsec site-to-site peer {tag}",
        *(f"#   delete vpn ipsec {kind} {tag}" for kind in ("ike-group", "esp-group", "authentication psk")),
    ]


def _key(parameters: Parameters, key: str) -> list[str]:
    psk = f"set vpn ipsec authentication psk {parameters.tag}"
    ids = (parameters.yours.identity, parameters.ours.identity)
    return [*(f"{psk} id '{identity}'" for identity in ids), f"{psk} secret '{key}'"]


def _groups(parameters: Parameters) -> list[str]:
    ike = f"set vpn ipsec ike-group {parameters.tag}"
    esp = f"set vpn ipsec esp-group {parameters.tag}"
    group = parameters.esp_suite.group
    return [
        f"{ike} key-exchange 'ikev{parameters.version}'",
        *([f"{ike} mode 'main'"] if parameters.version == 1 else []),
        f"{ike} lifetime '{parameters.ike.lifetime}'",
        *_proposal(ike, parameters.ike_suite),
        f"{ike} proposal 1 dh-group '{parameters.ike_suite.group}'",
        f"{ike} dead-peer-detection action 'restart'",
        f"{ike} dead-peer-detection interval '{parameters.dpd_interval}'",
        f"{ike} dead-peer-detection timeout '{parameters.dpd_timeout}'",
        f"{esp} lifetime '{parameters.esp.lifetime}'",
        f"{esp} mode 'tunnel'",
        f"{esp} pfs '{f'dh-group{group}' if group else 'disable'}'",
        *_proposal(esp, parameters.esp_suite),
    ]


def _proposal(where: str, suite: Suite) -> list[str]:
    # VyOS drops a proposal without a hash; with GCM the hash is not used.
    return [
        f"{where} proposal 1 encryption '{_WORDS.get(suite.cipher, suite.cipher)}'",
        f"{where} proposal 1 hash '{suite.digest or 'sha256'}'",
    ]


def _peer(parameters: Parameters) -> list[str]:
    peer = f"set vpn ipsec site-to-site peer {parameters.tag}"
    settings = [
        "authentication mode 'pre-shared-secret'",
        f"authentication local-id '{parameters.yours.identity}'",
        f"authentication remote-id '{parameters.ours.identity}'",
        "connection-type 'initiate'",
        f"ike-group '{parameters.tag}'",
        f"default-esp-group '{parameters.tag}'",
        f"local-address '{parameters.yours.fixed_address or 'any'}'",
        f"remote-address '{parameters.ours.address}'",
    ]
    for number, pair in enumerate(parameters.pairs, 1):
        settings += [f"tunnel {number} local prefix '{pair.yours}'"]
        settings += [f"tunnel {number} remote prefix '{pair.ours}'"]
    return [f"{peer} {setting}" for setting in settings]
