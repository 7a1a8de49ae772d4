"""Dead peer detection of connections that share an IKE SA; pure.

charon keeps the figures with which an IKE SA began, and puts a new child under it only while the
loaded form of the peer has the same ones: else it builds a second IKE SA, which replaces the
first. So while one lives that others use as well, the figures that are loaded stay as they are.
"""

from __future__ import annotations

from dataclasses import replace

from vpn.domain.peers import PeerSpec
from vpn.domain.state import LoadedPeer


def watched_anew(wanted: LoadedPeer, loaded: LoadedPeer) -> bool:
    """Whether every connection of the peer, none having come or gone, asks for something else: then
    nobody minds a new IKE SA."""
    same = wanted.watches.keys() == loaded.watches.keys()
    return same and all(loaded.watches[name] != mark for name, mark in wanted.watches.items())


def as_watched(peer: PeerSpec, loaded: LoadedPeer) -> PeerSpec:
    """The peer with the figures of its present IKE SA; its own hold from the next one on."""
    interval, timeout = loaded.dpd
    return replace(peer, dpd_interval=interval, dpd_timeout=timeout)
