"""The reason codes of contract sections 6.2 and 6.4, each with a sentence and a remedy."""

from __future__ import annotations

from enum import StrEnum

from vpn.domain.state import Reason


class Code(StrEnum):
    """Why a connection or tunnel is down, or a member or gateway is degraded."""

    PEER_NOT_RESPONDING = "peer_not_responding"
    IKE_POLICY_MISMATCH = "ike_policy_mismatch"
    CANNOT_AUTHENTICATE = "cannot_authenticate_connection"
    IPSEC_POLICY_MISMATCH = "ipsec_policy_mismatch"
    CIDR_MISMATCH_V1 = "ike_v1_id_local_remote_cidr_mismatch"
    CIDR_MISMATCH_V2 = "ike_v2_local_remote_cidr_mismatch"
    CANNOT_RESERVE_ADDRESS = "cannot_reserve_ip_address"
    CANNOT_CREATE_ROUTE = "cannot_create_vpc_route"
    INTERNAL_ERROR = "internal_error"


SENTENCES: dict[Code, str] = {
    Code.PEER_NOT_RESPONDING: "The peer does not respond.",
    Code.IKE_POLICY_MISMATCH: (
        "The peer accepts none of the IKE proposals, uses another IKE version, or has no connection "
        "to this gateway."
    ),
    Code.CANNOT_AUTHENTICATE: "Authentication failed: the pre-shared key or an IKE identity differs.",
    Code.IPSEC_POLICY_MISMATCH: "The peer accepts none of the IPsec proposals.",
    Code.CIDR_MISMATCH_V1: "The peer does not accept the local and peer CIDRs (IKEv1).",
    Code.CIDR_MISMATCH_V2: "The peer does not accept the local and peer CIDRs (IKEv2).",
    Code.CANNOT_RESERVE_ADDRESS: "The subnet has no free address for a member.",
    Code.CANNOT_CREATE_ROUTE: "A route of the VPC could not be created.",
    Code.INTERNAL_ERROR: "The gateway has an internal fault.",
}

# Of a responder that receives a request for CIDRs that are not configured, with either IKE version.
UNKNOWN_CIDRS = "The peer asked for CIDRs that are not configured here: the two sides must mirror each other."

# Of a peer that lost its SAs or its network: the tunnel is still up at this end.
UNANSWERED = (
    "Packets are sent through the tunnel but none are received, and the peer does not respond to a liveness "
    "check. If it remains silent, the tunnel is ended and initiated again."
)

REMEDIES: dict[Code, str] = {
    Code.PEER_NOT_RESPONDING: (
        "Check the peer address, that the peer is running, and that UDP 500 and 4500 pass in both directions."
    ),
    Code.IKE_POLICY_MISMATCH: (
        "Check that the other end has an enabled connection to this gateway's public address, and that both "
        "ends have an IKE version, cipher, hash and Diffie-Hellman group in common."
    ),
    Code.CANNOT_AUTHENTICATE: (
        "Set the same pre-shared key at both ends, and check the IKE identities: by default they are the "
        "public addresses."
    ),
    Code.IPSEC_POLICY_MISMATCH: (
        "Configure a common cipher and hash at both ends, and enable or disable perfect forward secrecy at "
        "both."
    ),
    Code.CIDR_MISMATCH_V1: "Make the local CIDRs here the peer CIDRs there, and the other way round.",
    Code.CIDR_MISMATCH_V2: "Make the local CIDRs here the peer CIDRs there, and the other way round.",
    Code.CANNOT_RESERVE_ADDRESS: "Remove instances from the subnet or use a larger one.",
    Code.CANNOT_CREATE_ROUTE: "Remove the conflicting route of the VPC.",
    Code.INTERNAL_ERROR: "It is being repaired automatically; if it persists, contact the operator.",
}


def reason(code: Code, message: str = "") -> Reason:
    """A reason with the code's own sentence, or with `message` if more is known."""
    return Reason(code.value, message or SENTENCES[code])


class Cause(StrEnum):
    """What a reason of the same code may come from, with a remedy of its own."""

    PEER_NAME = "peer_name"


def not_observed() -> Reason:
    """The reason for everything between a start of the service and its first observation."""
    return reason(Code.INTERNAL_ERROR, "Not observed yet since the service was started.")


# Failures of an unreachable peer, or one without this IKE version, are reported only while no attempt with
# the other version has come further.
_VAGUE = (Code.PEER_NOT_RESPONDING, Code.IKE_POLICY_MISMATCH)


def clearest(*reasons: Reason | None) -> Reason | None:
    """Of the last failures by IKE version the one that came furthest; of equal ones the first."""
    known = [one for one in reasons if one is not None]
    ranks = {code.value: rank for rank, code in enumerate(_VAGUE)}
    return max(known, key=lambda one: ranks.get(one.code, len(ranks)), default=None)


def cidr_mismatch(ike_version: int) -> Code:
    """The code for refused traffic selectors; it depends on the IKE version."""
    return Code.CIDR_MISMATCH_V1 if ike_version == 1 else Code.CIDR_MISMATCH_V2


_OF_CAUSES: dict[str, str] = {
    Cause.PEER_NAME: (
        "Check the spelling of the name, and that the other side has published an A record for it; if no "
        "name resolves, ask the operator to check the host's resolver."
    ),
}


def unresolved(name: str, fault: str = "") -> Reason:
    """The reason for a peer whose name has no address, or only addresses that `fault` rules out."""
    what = f"resolves only to {fault}" if fault else "has no IPv4 address in the DNS"
    message = f"The name {name} {what}; the lookup is repeated."
    return Reason(Code.PEER_NOT_RESPONDING.value, message, Cause.PEER_NAME.value)


def remedy(code: str, cause: str = "") -> str:
    """What to do about a code, or about its cause if that is known; empty for unknown codes."""
    return _OF_CAUSES.get(cause) or (REMEDIES[Code(code)] if code in set(Code) else "")
