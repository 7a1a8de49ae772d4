"""Settings of a swanctl.conf other than addresses, CIDRs, suites and the key. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address

from vpn.domain.identities import is_fqdn
from vpn.handoff.reader.recognised import Extras
from vpn.handoff.reader.settings_format import Section

_TIME = re.compile(r"(\d{1,9})([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
# trap and start are strongSwan's newer names of hold and restart.
_ACTIONS = {"none": "none", "clear": "clear", "hold": "hold", "trap": "hold"}
_ACTIONS |= {"restart": "restart", "start": "restart"}
_READ_OF_CONNECTION = {"version", "local_addrs", "remote_addrs", "proposals", "dpd_delay", "dpd_timeout"}
_READ_OF_CHILD = {"local_ts", "remote_ts", "esp_proposals", "dpd_action"}
# Settings that only concern the other side.
_ITS_OWN = {"start_action", "close_action", "unique", "mobike", "keyingtries", "mode", "rekey_time"}
_MOST_REPORTED = 12


def extras(connection: Section, children: Sequence[Section], local: Section, remote: Section) -> Extras:
    """`peer_identity` is what the text calls local. `left_out` names the settings that are not applied."""
    action = next((c.values["dpd_action"] for c in children if "dpd_action" in c.values), "")
    return Extras(
        peer_identity=_id(local),
        own_identity=_id(remote),
        dpd_action=_ACTIONS.get(action, ""),
        dpd_interval=seconds(connection.values.get("dpd_delay", "")),
        dpd_timeout=seconds(connection.values.get("dpd_timeout", "")),
        ike_lifetime=seconds(connection.values.get("rekey_time", "")),
        esp_lifetime=next((seconds(c.values["rekey_time"]) for c in children if "rekey_time" in c.values), 0),
        left_out=_left_out(connection, children),
    )


def _id(end: Section) -> str:
    text = end.values.get("id", "")
    return "" if text.startswith("%") else text[:512]


def _left_out(connection: Section, children: Sequence[Section]) -> tuple[str, ...]:
    found = [key for key in connection.values if key not in _READ_OF_CONNECTION | _ITS_OWN]
    for child in children:
        found += [key for key in child.values if key not in _READ_OF_CHILD | _ITS_OWN]
    plain = (key for key in dict.fromkeys(found) if re.fullmatch(r"[a-z0-9_]{1,40}", key))
    return tuple(plain)[:_MOST_REPORTED]


def seconds(text: str) -> int:
    """45m is 2700; 0 if it is not a time."""
    match = _TIME.fullmatch(text.strip())
    return int(match[1]) * _UNITS[match[2]] if match else 0


def identity_of(text: str, address: str) -> tuple[str, str]:
    """Type and value in the API of an identity in strongSwan's notation; both are empty for the address
    itself, only the type is empty for an unsupported identity."""
    if text in {"", address}:
        return "", ""
    if text.startswith("@#"):
        try:
            return "key_id", base64.b64encode(bytes.fromhex(text[2:])).decode()
        except ValueError:
            return "", text
    try:
        return "ipv4_address", str(IPv4Address(text))
    except AddressValueError:
        pass
    name = text.removeprefix("@")
    if is_fqdn(name):
        return "fqdn", name
    plain = re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9.]{0,253}[A-Za-z0-9])?", name)
    return ("hostname", name) if plain else ("", text)
