"""From fields and rows to the values that the rules of connections ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from django.db.models import QuerySet

from console.core.actor import Actor
from console.core.errors import Invalid, Violation
from console.core.names import random_name
from policies.domain.checks import IKEPolicyDraft, IPsecPolicyDraft
from policies.domain.proposals import IkeOffer, auto_ike
from policies.models import IKEPolicy, IPsecPolicy
from vpn.domain.connection_drafts import ConnectionDraft, DpdDraft
from vpn.domain.identities import Identity
from vpn.models import Connection, ConnectionCidr, Gateway
from vpn.services.fields import ConnectionFields, Reference
from vpn.services.references import find

P = TypeVar("P", IKEPolicy, IPsecPolicy)
_NEEDED = {
    "peer_address": "The peer is missing: its public IPv4 address is required, or its name{where}.",
    "psk": "psk is required: the key that both ends share.",
}


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a would-be connection; None is auto-negotiation."""

    ike: IKEPolicy | None
    ipsec: IPsecPolicy | None

    def offer(self, api_generation: int) -> IkeOffer:
        return self.ike.offer() if self.ike else auto_ike(api_generation)

    @property
    def ipsec_single(self) -> bool:
        return self.ipsec is None or self.ipsec.single_valued

    def attached(self, before: Connection | None) -> list[IKEPolicyDraft | IPsecPolicyDraft]:
        """Those that the connection did not have before."""
        old = (before.ike_policy, before.ipsec_policy) if before else ()
        return [one.draft() for one in (self.ike, self.ipsec) if one is not None and one not in old]


def missing_fields(fields: ConnectionFields) -> list[Violation]:
    code = "validation_required_field"
    given = {*fields, *(("peer_address",) if "peer_fqdn" in fields else ())}
    where = " (peer.fqdn, from version 2024-04-30 of generation 2 on)" if fields.get("api_generation") else ""
    missing = [(name, text.format(where=where)) for name, text in _NEEDED.items() if name not in given]
    return [Violation(code, name, message) for name, message in missing]


def find_policies(
    actor: Actor, fields: ConnectionFields, broken: list[Violation], *, keep: Connection | None = None
) -> Policies:
    """Those that the fields name, or of `keep` where they are silent.

    One that is not there is none, and goes to `broken`.
    """
    ike = keep.ike_policy if keep else None
    ipsec = keep.ipsec_policy if keep else None
    if "ike_policy" in fields:
        ike = _policy(actor, IKEPolicy.objects.all(), fields["ike_policy"], "ike", broken)
    if "ipsec_policy" in fields:
        ipsec = _policy(actor, IPsecPolicy.objects.all(), fields["ipsec_policy"], "ipsec", broken)
    return Policies(ike, ipsec)


def _policy(
    actor: Actor, rows: QuerySet[P], reference: Reference | None, kind: str, broken: list[Violation]
) -> P | None:
    if reference is None:
        return None
    noun, collection = str(rows.model._meta.verbose_name), f"{kind}_policies"
    code, field = f"{kind}_policy_not_found", f"{kind}_policy"
    try:
        return find(actor, rows, reference, field=field, code=code, noun=noun, collection=collection)
    except Invalid as error:
        broken += error.violations
        return None


def besides(known: list[Violation], more: list[Violation]) -> list[Violation]:
    """Rules take a field that is missing or leads nowhere for an empty one: of it they say nothing."""
    known_fields = {violation.field.partition(".")[0] for violation in known}
    return [*known, *(v for v in more if v.field.partition(".")[0] not in known_fields)]


def other_kind(connection: Connection, fields: ConnectionFields) -> list[Violation]:
    """Contract section 8.2: a peer stays known by its address or by its name."""
    other = "peer_address" if connection.peer_fqdn else "peer_fqdn"
    if other not in fields:
        return []
    kind = "name" if connection.peer_fqdn else "address"
    message = f"The peer of this connection is known by its {kind}; that cannot be changed."
    return [Violation("validation_failure", other, message)]


def draft_from(fields: ConnectionFields, gateway: Gateway | None, policies: Policies) -> ConnectionDraft:
    """The connection that these fields would create."""
    api_generation = fields.get("api_generation") or 1
    return ConnectionDraft(
        name=fields["name"] if "name" in fields else _free_name(gateway),
        peer_address=fields.get("peer_address", ""),
        peer_fqdn=fields.get("peer_fqdn", ""),
        psk=fields.get("psk", ""),
        local_cidrs=tuple(fields.get("local_cidrs", ())),
        peer_cidrs=tuple(fields.get("peer_cidrs", ())),
        admin_state_up=fields.get("admin_state_up", True),
        dead_peer_detection=replace(
            DpdDraft.default(api_generation), **fields.get("dead_peer_detection", {})
        ),
        ike=policies.offer(api_generation),
        ipsec_single=policies.ipsec_single,
        establish_mode=fields.get("establish_mode", "bidirectional"),
        local_identity=Identity.of(fields.get("local_identity")),
        peer_identity=Identity.of(fields.get("peer_identity")),
        api_generation=api_generation,
    )


def _free_name(gateway: Gateway | None) -> str:
    return random_name(set(gateway.connections.values_list("name", flat=True)) if gateway else ())


def draft_of(connection: Connection) -> ConnectionDraft:
    """The existing connection."""
    rows = list(connection.cidrs.all())
    policies = Policies(connection.ike_policy, connection.ipsec_policy)
    return ConnectionDraft(
        name=connection.name,
        peer_address=connection.peer_address or "",
        peer_fqdn=connection.peer_fqdn,
        psk=connection.known_psk(),
        local_cidrs=tuple(r.cidr for r in rows if r.side == ConnectionCidr.LOCAL),
        peer_cidrs=tuple(r.cidr for r in rows if r.side == ConnectionCidr.PEER),
        admin_state_up=connection.admin_state_up,
        dead_peer_detection=DpdDraft(
            action=connection.dpd_action, interval=connection.dpd_interval, timeout=connection.dpd_timeout
        ),
        ike=policies.offer(connection.api_generation),
        ipsec_single=policies.ipsec_single,
        establish_mode=connection.establish_mode,
        local_identity=Identity.of(connection.local_identity),
        peer_identity=Identity.of(connection.peer_identity),
        api_generation=connection.api_generation,
    )


def changes_between(
    connection: Connection, before: ConnectionDraft, after: ConnectionDraft, policies: Policies
) -> dict[str, tuple[object, object]]:
    """For the audit trail; of a new key only that it is new."""
    one, other = before.dead_peer_detection, after.dead_peer_detection
    pairs: dict[str, tuple[object, object]] = {
        "name": (before.name, after.name),
        "peer_address": (before.peer_address, after.peer_address),
        "peer_fqdn": (before.peer_fqdn, after.peer_fqdn),
        "admin_state_up": (before.admin_state_up, after.admin_state_up),
        "dead_peer_detection.action": (one.action, other.action),
        "dead_peer_detection.interval": (one.interval, other.interval),
        "dead_peer_detection.timeout": (one.timeout, other.timeout),
        "establish_mode": (before.establish_mode, after.establish_mode),
        "ike_policy": (_name(connection.ike_policy), _name(policies.ike)),
        "ipsec_policy": (_name(connection.ipsec_policy), _name(policies.ipsec)),
    }
    changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return changes | ({"psk": ("set", "changed")} if before.psk != after.psk else {})


def _name(policy: IKEPolicy | IPsecPolicy | None) -> str | None:
    return policy.name if policy else None
