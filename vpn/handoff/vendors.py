"""The devices that configurations can be rendered for, and the rendering."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from vpn.domain.spec import Secret
from vpn.handoff import labels as sheet
from vpn.handoff import limits as device_limits
from vpn.handoff.exports import (
    cisco,
    fortigate,
    juniper,
    libreswan,
    mikrotik,
    opnsense,
    pfsense,
    strongswan,
    vyos,
)
from vpn.handoff.header import header, line_of
from vpn.handoff.parameters import Parameters, safe_name
from vpn.handoff.support import Support, adapt_to_device
from vpn.handoff.table import Row, rows

Body = Callable[[Parameters, str], list[str]]


class CannotRender(Exception):
    """The device cannot have this tunnel or this key; the message says why and never shows the key."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """`comment` is the comment mark of header lines; `where` says where the file belongs."""

    slug: str
    name: str
    ending: str
    where: str
    body: Body
    comment: str
    support: Support
    notes: tuple[str, ...]
    verify: tuple[str, ...]


class _Device(Protocol):
    """What the module of a device must define."""

    @property
    def __name__(self) -> str: ...
    @property
    def SUPPORT(self) -> Support: ...
    @property
    def NOTES(self) -> tuple[str, ...]: ...
    @property
    def VERIFY(self) -> tuple[str, ...]: ...
    @property
    def body(self) -> Body: ...


def _vendor(device: _Device, name: str, ending: str, where: str, *, comment: str = "#") -> Vendor:
    """By the name of its module."""
    return Vendor(
        slug=device.__name__.rpartition(".")[2],
        name=name,
        ending=ending,
        where=where,
        body=device.body,
        comment=comment,
        support=device.SUPPORT,
        notes=device.NOTES,
        verify=device.VERIFY,
    )


_ALL = (
    _vendor(
        strongswan, "strongSwan", ".conf", "Put it into /etc/swanctl/conf.d/ and run swanctl --load-all."
    ),
    _vendor(
        libreswan,
        "Libreswan",
        ".txt",
        "Put its two parts into the files in /etc/ipsec.d/ that they name, then restart ipsec.",
    ),
    _vendor(cisco, "Cisco IOS-XE", ".txt", "Paste it in configuration mode.", comment="!"),
    _vendor(
        juniper,
        "Juniper SRX",
        ".txt",
        "Load it with load set terminal in configuration mode; then commit check and commit.",
    ),
    _vendor(fortigate, "FortiGate", ".txt", "Paste it into the CLI of the VDOM."),
    _vendor(vyos, "VyOS", ".txt", "Paste it after configure; then commit and save."),
    _vendor(
        pfsense,
        "pfSense",
        ".xml",
        "Merge it into the ipsec part of config.xml (Diagnostics > Backup & Restore).",
    ),
    _vendor(
        opnsense,
        "OPNsense",
        ".conf",
        "Put it into /usr/local/etc/swanctl/conf.d/ and run swanctl --load-all.",
    ),
    _vendor(
        mikrotik, "MikroTik RouterOS", ".rsc", "Paste it into the terminal, or upload it and run /import."
    ),
)

VENDORS: dict[str, Vendor] = {vendor.slug: vendor for vendor in _ALL}


def limits(vendor: Vendor, parameters: Parameters) -> list[str]:
    """What the device does differently from the connection, or leaves to do by hand; each a sentence."""
    return device_limits.limits(vendor.support, vendor.name, parameters)


def obstacles(vendor: Vendor, parameters: Parameters) -> list[str]:
    """Why there is no configuration of this tunnel for the device; empty if there is one."""
    return device_limits.obstacles(vendor.support, vendor.name, parameters)


def table(vendor: Vendor | None, parameters: Parameters) -> list[Row]:
    """What the device is configured with; without a device, or if it cannot be, what is recommended."""
    if vendor is None or obstacles(vendor, parameters):
        return rows(parameters)
    return rows(parameters, adapt_to_device(vendor.support, parameters), vendor.support.timeout)


def file_name(vendor: Vendor | None, parameters: Parameters) -> str:
    """Without a vendor, the name of the parameter sheet."""
    kind = f"{vendor.slug}{vendor.ending}" if vendor else "parameters.txt"
    return f"{safe_name(parameters.name, 40)}-{kind}"


def render(vendor: Vendor, parameters: Parameters, *, made_at: str, psk: Secret | None = None) -> str:
    """The whole file. Without `psk` it has a placeholder instead of the key. Raises CannotRender."""
    broken = obstacles(vendor, parameters)
    if psk is not None:
        broken += device_limits.key_obstacles(vendor.support, vendor.name, psk.value)
    if broken:
        raise CannotRender(" ".join(broken))
    chosen = adapt_to_device(vendor.support, parameters)
    body = vendor.body(chosen, psk.value if psk else sheet.PLACEHOLDER)
    notes = [vendor.where, *vendor.notes, *limits(vendor, parameters)]
    if psk is not None:
        notes.insert(0, "THIS FILE CONTAINS THE PRE-SHARED KEY. Send and keep it accordingly.")
    verify = [line.replace("<TAG>", parameters.tag) for line in vendor.verify]
    lines = table(vendor, parameters)
    head = header(parameters, vendor.name, lines, made_at=made_at, body=body, notes=notes, verify=verify)
    if vendor.ending == ".xml":
        return _joined([*_xml_comment(head), *body])
    return _joined([*_commented(vendor.comment, head), "", *body])


def render_sheet(parameters: Parameters, *, made_at: str, psk: Secret | None = None) -> str:
    """Only the parameters, for a device that is not in the list or for another console."""
    key = Row(sheet.KEY, psk.value if psk else sheet.LEFT_OUT)
    head = header(parameters, "parameters for the other side", table(None, parameters), made_at=made_at)
    return _joined([*head, line_of(key)])


def _commented(mark: str, lines: Iterable[str]) -> list[str]:
    return [f"{mark} {line}".rstrip() for line in lines]


def _xml_comment(lines: Iterable[str]) -> list[str]:
    """Two hyphens in a row would end the comment."""
    return ["<!--", *(re.sub("-(?=-)", "- ", line) for line in lines), "-->"]


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
