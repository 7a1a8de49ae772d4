"""What was read from a pasted configuration, from this side's point of view."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vpn.domain.spec import Secret

NOTHING = ""
ISTHMUS = "a hand-off of Isthmus"
SWANCTL = "swanctl.conf"


@dataclass(frozen=True, slots=True)
class Extras:
    """Identities in strongSwan's notation, times in seconds; empty or 0 if not given. `left_out` names
    settings that are not supported here."""

    peer_identity: str = ""
    own_identity: str = ""
    dpd_action: str = ""
    dpd_interval: int = 0
    dpd_timeout: int = 0
    ike_lifetime: int = 0
    esp_lifetime: int = 0
    left_out: tuple[str, ...] = ()

    def mirrored(self) -> Extras:
        return replace(self, peer_identity=self.own_identity, own_identity=self.peer_identity)


@dataclass(frozen=True, slots=True)
class Recognised:
    """`source` is ISTHMUS, SWANCTL, or empty if nothing was recognised; then everything else is empty.

    `own_address` is the address of this side that the other side expects; `ike_version` is 1 or 2, None
    for either or unknown; the proposals are strongSwan keywords as found in the text.
    """

    source: str = NOTHING
    peer_address: str = ""
    own_address: str = ""
    local_cidrs: tuple[str, ...] = ()
    peer_cidrs: tuple[str, ...] = ()
    psk: Secret | None = None
    ike_version: int | None = None
    ike_proposals: tuple[str, ...] = ()
    esp_proposals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    extras: Extras = Extras()

    def __bool__(self) -> bool:
        return self.source != NOTHING

    def mirrored(self) -> Recognised:
        """The opposite reading: what was taken for the peer's side is ours."""
        return replace(
            self,
            peer_address=self.own_address,
            own_address=self.peer_address,
            local_cidrs=self.peer_cidrs,
            peer_cidrs=self.local_cidrs,
            extras=self.extras.mirrored(),
        )
