"""Connections whose hand-off is kept in golden files; run as a program it writes them again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from policies.domain.proposals import (
    AUTO_ESP,
    AUTO_ESP_2,
    AUTO_IKE,
    AUTO_IKE_2,
    EspOffer,
    IkeOffer,
    IkeVersion,
    Proposal,
)
from vpn.domain.identities import Identity
from vpn.domain.spec import Secret
from vpn.handoff.parameters import End, Parameters
from vpn.handoff.vendors import VENDORS, Vendor, render, render_sheet

GOLDEN = Path(__file__).with_name("golden")
MADE_AT = "2026-01-01 12:00 UTC"
PEER, GATEWAY = "198.51.100.9", "203.0.113.1"
V1 = IkeOffer(IkeVersion.V1, Proposal(("aes128",), ("sha1",), (5,)), 28800)
V2 = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 14400)
STRONG = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha384",), (20,)), 14400)
GCM = EspOffer(Proposal(("aes256gcm16",), (), (20,)), 3600)
NAME = "vpn.example.com"
LEGACY_IKE = IkeOffer(IkeVersion.V1, Proposal(("triple_des",), ("md5",), (2,)), 3600)
LEGACY_ESP = EspOffer(Proposal(("triple_des",), ("md5",), (2,)), 3600)


def case(
    ike: IkeOffer = AUTO_IKE,
    esp: EspOffer = AUTO_ESP,
    *,
    yours: tuple[str, ...] = ("10.2.0.0/24",),
    ours: tuple[str, ...] = ("192.168.100.0/24",),
    name: str = "to-paris",
    dpd: tuple[int, int] = (30, 120),
    initiates: bool = True,
) -> Parameters:
    return Parameters(
        connection_id=UUID("1a2b3c4d-0000-4000-8000-000000000001"),
        name=name,
        gateway="gateway-1",
        yours=End(PEER, PEER, yours),
        ours=End(GATEWAY, GATEWAY, ours),
        ike=ike,
        esp=esp,
        dpd_interval=dpd[0],
        dpd_timeout=dpd[1],
        gateway_initiates=initiates,
    )


def known_as(parameters: Parameters, yours: Identity, ours: Identity, *, address: str = PEER) -> Parameters:
    """With these identities; `address` may be a name."""
    return replace(
        parameters,
        yours=End(address, yours.text, parameters.yours.cidrs),
        ours=replace(parameters.ours, identity=ours.text),
    )


CASES = {
    "auto": case(),
    "ikev1": case(
        V1,
        EspOffer(Proposal(("aes128",), ("sha1",)), 3600),
        yours=("10.2.0.0/24", "10.3.0.7/32"),
        dpd=(5, 15),
    ),
    "ikev2-pfs-several": case(
        V2,
        EspOffer(Proposal(("aes256",), ("sha256",), (14,)), 1800),
        yours=("10.2.0.0/24", "10.3.0.0/16"),
        ours=("192.168.100.0/24", "192.168.101.0/24"),
        initiates=False,
    ),
    "auto-of-generation-2": case(AUTO_IKE_2, AUTO_ESP_2, dpd=(2, 10)),
    "gcm": case(STRONG, GCM),
    "sha384-group20": case(STRONG, EspOffer(Proposal(("aes192",), ("sha256",), (20,)), 3600)),
    "names": known_as(case(V2, GCM), Identity("fqdn", NAME), Identity("hostname", "cloud"), address=NAME),
    "key-ids": known_as(case(V2, GCM), Identity("key_id", "YnJhbmNoLTc="), Identity("key_id", "aHViLTE=")),
}
DEVICES: dict[str, Vendor | None] = {**VENDORS, "parameters": None}


def text(parameters: Parameters, device: Vendor | None, key: Secret | None = None) -> str:
    if device is None:
        return render_sheet(parameters, made_at=MADE_AT, psk=key)
    return render(device, parameters, made_at=MADE_AT, psk=key)


def golden(name: str, slug: str) -> Path:
    return GOLDEN / f"{slug}-{name}.txt"


def write() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, parameters in CASES.items():
        for slug, device in DEVICES.items():
            golden(name, slug).write_text(text(parameters, device), encoding="utf-8")


if __name__ == "__main__":
    write()
