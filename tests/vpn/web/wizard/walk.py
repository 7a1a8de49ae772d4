"""The wizard's paths and what a person enters there."""

from __future__ import annotations

from tests.factories import PSK

HTMX = {"HX-Request": "true"}
CONNECTION = {
    "name": "to-paris",
    "peer_address": "203.0.113.9",
    "psk": PSK,
    "local_cidrs": "192.168.100.0/24",
    "peer_cidrs": "10.1.0.0/16",
    "dpd_action": "none",
    "dpd_interval": "30",
    "dpd_timeout": "120",
}


def review(second: str) -> str:
    return second.replace("/connection", "/review")


def security(second: str) -> str:
    return second.replace("/connection", "/security")


def gateway(second: str) -> str:
    return second.replace("/connection", "/gateway")
