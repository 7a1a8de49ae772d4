"""An account with something to show on every page, and a person for each role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from console.core.actor import Role
from console.core.models import User
from console.core.services import add_member, create_api_key
from console.core.services.invitations import create_invitation
from tests.factories import (
    PSK,
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_instance,
    make_ipsec_policy,
    make_subnet,
    make_vpc,
)
from tests.vpn.scene import settle
from vpn.drivers.base import Driver
from vpn.models import Connection, Gateway, WizardDraft
from vpn.services.handoff import create_link

_LEFT, _RIGHT = "192.168.100.0/24", "192.168.0.0/24"


@dataclass(frozen=True, slots=True)
class Populated:
    """`connections`: to an own gateway without a connection back, a disabled one, and to a foreign peer."""

    connections: list[Connection]
    common: dict[str, str]
    people: dict[Role, User]
    drafts: dict[Role, tuple[WizardDraft, WizardDraft]]

    def client(self, role: Role) -> Client:
        client = Client()
        client.force_login(self.people[role])
        return client

    def ids(self, role: Role, template: str) -> list[dict[str, str]]:
        """The sets of parameters with which a person of this role can request the route."""
        wizard, pair = self.drafts[role]
        draft = pair if template.startswith("connections/connect") else wizard
        own = self.common | {"draft_id": str(draft.pk)}
        if "session_id" in template:
            # Each person's own; the one before may have been ended.
            key = {"session_key": f"another of {self.people[role].username}"}
            own["session_id"] = str(self.people[role].sign_ins.get_or_create(**key)[0].pk)
        if not template.endswith(("<uuid:connection_id>", "<uuid:connection_id>/status")):
            return [own]
        return [
            own | {"connection_id": str(row.pk), "gateway_id": str(row.gateway_id)}
            for row in self.connections
        ]


def populate(party: Party, driver: Driver) -> Populated:
    left, right = (make_gateway(party, make_subnet(party, make_vpc(party), cidr)) for cidr in (_LEFT, _RIGHT))
    ike, ipsec = make_ike_policy(party), make_ipsec_policy(party)
    connections = _connections(
        party, left, right, ike_policy={"id": str(ike.pk)}, ipsec_policy={"id": str(ipsec.pk)}
    )
    settle(driver, left, right)
    link, token = create_link(party.editor, left.pk, connections[0].pk, hours=1)
    people = {role: _person(party, role) for role in Role}
    spare, _ = create_api_key(party.administrator, name="spare", role=Role.VIEWER)
    invitation, _ = create_invitation(party.administrator, role=Role.VIEWER, label="dana")
    member = _person(party, Role.VIEWER, f"{party.name}-leaver").memberships.get()
    common = {
        "account_id": str(party.account.pk),
        "gateway_id": str(left.pk),
        "connection_id": str(connections[0].pk),
        "ike_policy_id": str(ike.pk),
        "ipsec_policy_id": str(ipsec.pk),
        "vpc_id": str(left.vpc_id),
        "prefix_id": str(left.vpc.address_prefixes.get().pk),
        "subnet_id": str(left.subnet_id),
        "instance_id": str(make_instance(party, left.subnet).pk),
        "key_id": str(spare.pk),
        "membership_id": str(member.pk),
        "session_id": str(member.user.sign_ins.create(session_key=f"one of {party.name}-leaver").pk),
        "invitation_id": str(invitation.pk),
        "link_id": str(link.pk),
        "token": token,
        "vendor": "strongswan",
        "slug": "errors",
    }
    drafts = {role: _drafts(party, people[role], left, right) for role in Role}
    return Populated(connections, common, people, drafts)


def _connections(party: Party, left: Gateway, right: Gateway, **policies: object) -> list[Connection]:
    """See `Populated.connections`."""
    alone = make_connection(
        party, left, 0, peer_address=right.public_address, peer_cidrs=[_RIGHT], **policies
    )
    off = make_connection(party, left, 1, admin_state_up=False)
    stranger = make_connection(party, right, 2, local_cidrs=[_RIGHT])
    return [alone, off, stranger]


def _person(party: Party, role: Role, name: str = "") -> User:
    user = User.objects.create_user(name or f"{party.name}-{role}")
    add_member(party.administrator, user, role)
    return user


def _drafts(party: Party, user: User, left: Gateway, right: Gateway) -> tuple[WizardDraft, WizardDraft]:
    connection = {"name": "drafted", "peer_address": "203.0.113.99", "peer_cidrs": ["10.99.0.0/24"]}
    steps = {
        "gateway": {"name": "drafted", "subnet": str(left.subnet_id)},
        "connection": connection | {"local_cidrs": [_LEFT]},
        "security": {},
        "skip": False,
    }
    pair = {"here": f"gateway:{left.pk}", "there": f"gateway:{right.pk}"}
    wizard, other = (
        WizardDraft(
            account=party.account, user=user, data=data, expires_at=timezone.now() + timedelta(hours=1)
        )
        for data in (steps, {"pair": pair})
    )
    wizard.seal_psk(PSK)
    for draft in (wizard, other):
        draft.save()
    return wizard, other
