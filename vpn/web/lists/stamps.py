"""What changes with everything that a live list shows."""

from __future__ import annotations

import hashlib

from console.actor import Actor
from vpn.models import Gateway


def gateways_stamp(actor: Actor) -> str:
    """A gateway's own stamp changes with its connections as well; names around it are asked here."""
    rows = Gateway.objects.owned_by(actor).order_by("pk")
    parts = rows.values_list("pk", "stamp", "vpc__name", "subnet__name")
    text = " ".join(f"{pk}:{stamp}:{vpc}:{subnet}" for pk, stamp, vpc, subnet in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
