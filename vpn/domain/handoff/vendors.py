"""The devices for which a configuration can be had, and the rendering of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from vpn.domain.handoff import sheet, strongswan
from vpn.domain.handoff import support as abilities
from vpn.domain.handoff.header import header, line_of
from vpn.domain.handoff.parameters import Parameters, safe_name
from vpn.domain.handoff.rows import Row
from vpn.domain.handoff.support import Support
from vpn.domain.spec import Secret

Body = Callable[[Parameters, str], list[str]]


class CannotRender(Exception):
    """The device cannot have this tunnel or this key; the message says why and never shows the key."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """`comment` begins every line of the header; `where` says where the file goes."""

    slug: str
    name: str
    ending: str
    where: str
    body: Body
    comment: str = "#"
    support: Support = field(default_factory=Support)
    notes: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()


STRONGSWAN = Vendor(
    "strongswan",
    "strongSwan",
    ".conf",
    "Put it into /etc/swanctl/conf.d/ and run swanctl --load-all.",
    strongswan.body,
    verify=strongswan.VERIFY,
    notes=("dpd_timeout counts with IKEv1 only; with IKEv2 the retransmission settings of charon decide",),
)

VENDORS: dict[str, Vendor] = {vendor.slug: vendor for vendor in (STRONGSWAN,)}


def limits(vendor: Vendor, parameters: Parameters) -> list[str]:
    """What the device does otherwise than the connection says, each a sentence."""
    return abilities.limits(vendor.support, vendor.name, parameters)


def obstacles(vendor: Vendor, parameters: Parameters) -> list[str]:
    """Why the device cannot have this tunnel; empty when it can."""
    return abilities.obstacles(vendor.support, vendor.name, parameters)


def file_name(vendor: Vendor, parameters: Parameters) -> str:
    return f"{safe_name(parameters.name, 40)}-{vendor.slug}{vendor.ending}"


def render(vendor: Vendor, parameters: Parameters, *, made_at: str, psk: Secret | None = None) -> str:
    """The whole file. Without `psk` a placeholder stands where the key belongs. Raises CannotRender."""
    broken = obstacles(vendor, parameters)
    if psk is not None:
        broken += abilities.key_obstacles(vendor.support, vendor.name, psk.value)
    if broken:
        raise CannotRender(" ".join(broken))
    body = vendor.body(parameters, psk.value if psk else sheet.PLACEHOLDER)
    notes = [vendor.where, *vendor.notes, *limits(vendor, parameters)]
    if psk is not None:
        notes.insert(0, "THE PRE-SHARED KEY STANDS IN THIS FILE. Send and keep it accordingly.")
    head = header(parameters, vendor.name, made_at=made_at, body=body, notes=notes, verify=vendor.verify)
    return _joined([*_commented(vendor.comment, head), "", *body])


def render_sheet(parameters: Parameters, *, made_at: str, psk: Secret | None = None) -> str:
    """The parameters alone, for a device that is not in the list, or for another console."""
    key = Row(sheet.KEY, psk.value if psk else sheet.LEFT_OUT)
    head = header(parameters, "parameters for the other side", made_at=made_at)
    return _joined([*head, line_of(key)])


def _commented(mark: str, lines: Iterable[str]) -> list[str]:
    return [f"{mark} {line}".rstrip() for line in lines]


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
