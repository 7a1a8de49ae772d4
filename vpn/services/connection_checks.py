"""Validates connections by the domain's rules and the existing rows."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from console.core.actor import Actor
from console.core.errors import Violation
from vpn.domain.checks.connections import connection_violations, too_many_cidrs
from vpn.domain.connection_drafts import DECLARED, ConnectionDraft, ConnectionFacts
from vpn.domain.declarations import topic_of
from vpn.models import Connection, Gateway
from vpn.services.connection_drafts import (
    Policies,
    draft_from,
    find_policies,
    merge_violations,
    missing_fields,
)
from vpn.services.connection_facts import connection_facts
from vpn.services.fields import ConnectionFields
from vpn.services.quotas import quotas_of

# Topics that connections to the same peer must share, or that connections to different peers must not.
_IDENTITY_TOPICS = {"psk", "ike_policy", "peer.ike_identity"}
# Changing one of these topics can also break rules about those to its right.
_AFFECTED_TOPICS = {
    "admin_state_up": _IDENTITY_TOPICS | {"peer.address", "peer.fqdn"},
    "ike_policy": {"ipsec_policy"},
    "peer.address": _IDENTITY_TOPICS | {"peer.cidrs"},
    "peer.fqdn": _IDENTITY_TOPICS | {"peer.address", "peer.cidrs"},
    "local.cidrs": {"peer.cidrs"},
    "peer.cidrs": {"local.cidrs"},
}


def check_connection(
    actor: Actor, fields: ConnectionFields, *, gateway: Gateway | None = None, vpc_id: UUID | None = None
) -> list[Violation]:
    """The violations that `create_connection` would raise; writes nothing.

    Without `gateway` it is a connection of a new gateway in the VPC `vpc_id`.
    """
    if broken := oversize_violations(actor, fields):
        return broken
    broken = missing_fields(fields)
    policies = find_policies(actor, fields, broken)
    draft = draft_from(fields, gateway, policies)
    facts = creation_facts(actor, fields, draft, policies, gateway=gateway, vpc_id=vpc_id)
    return merge_violations(broken, connection_violations(draft, facts=facts))


def oversize_violations(actor: Actor, fields: ConnectionFields) -> list[Violation]:
    """For a body with more CIDRs than a connection may have, the violations that need no other rows; none
    for any other body. Called before the transaction, so that checking a huge body blocks no other writer."""
    quotas = quotas_of(actor.account_id)
    local, peer = (DECLARED[name].value_in(fields, ()) for name in ("local_cidrs", "peer_cidrs"))
    if not too_many_cidrs(len(local), len(peer), quotas):
        return []
    draft = draft_from(fields, None, Policies(None, None))
    facts = ConnectionFacts(
        public_address="",
        provider_cidr=settings.PROVIDER_CIDR,
        lower_names=fields.get("api_generation") == 2,
        quotas=quotas,
    )
    return merge_violations(missing_fields(fields), connection_violations(draft, facts=facts))


def update_violations(
    connection: Connection,
    draft: ConnectionDraft,
    changed: set[str],
    api_generation: int = 0,
    policies: Policies | None = None,
) -> list[Violation]:
    """Violations about the changed topics only: a limit that was lowered later does not block a new name."""
    gateway = connection.gateway
    facts = connection_facts(
        gateway, draft, existing=connection, api_generation=api_generation, policies=policies
    )
    # A connection can be disabled whatever is wrong with it.
    reaching = changed if draft.admin_state_up else changed - {"admin_state_up"}
    reach = set(changed).union(*(_AFFECTED_TOPICS.get(name, set()) for name in reaching))
    found = ((one, topic_of(one.field)) for one in connection_violations(draft, facts=facts))
    return [one for one, topic in found if topic in changed or (topic in reach and "_quota_" not in one.code)]


def creation_facts(
    actor: Actor,
    fields: ConnectionFields,
    draft: ConnectionDraft,
    policies: Policies,
    *,
    gateway: Gateway | None,
    vpc_id: UUID | None = None,
) -> ConnectionFacts:
    """The facts about a connection that does not exist yet."""
    return connection_facts(
        gateway,
        draft,
        vpc_id=vpc_id,
        account_id=actor.account_id,
        api_generation=fields.get("api_generation", 0),
        policies=policies,
    )
