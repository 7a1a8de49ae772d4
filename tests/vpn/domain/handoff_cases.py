"""Connections whose hand-off is kept in golden files; run as a program it writes them anew."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, EspOffer, IkeOffer, IkeVersion, Proposal
from vpn.domain.handoff.parameters import End, Parameters
from vpn.domain.handoff.vendors import VENDORS, Vendor, render, render_sheet

GOLDEN = Path(__file__).with_name("handoff_golden")
MADE_AT = "2026-01-01 12:00 UTC"
PEER, GATEWAY = "198.51.100.9", "203.0.113.1"
V1 = IkeOffer(IkeVersion.V1, Proposal(("aes128",), ("sha1",), (5,)), 28800)
V2 = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 14400)
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
}
DEVICES: dict[str, Vendor | None] = {**VENDORS, "parameters": None}


def text(parameters: Parameters, device: Vendor | None) -> str:
    if device is None:
        return render_sheet(parameters, made_at=MADE_AT)
    return render(device, parameters, made_at=MADE_AT)


def golden(name: str, slug: str) -> Path:
    return GOLDEN / f"{slug}-{name}.txt"


def write() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, parameters in CASES.items():
        for slug, device in DEVICES.items():
            golden(name, slug).write_text(text(parameters, device), encoding="utf-8")


if __name__ == "__main__":
    write()
