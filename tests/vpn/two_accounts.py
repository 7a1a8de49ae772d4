"""Two accounts; every text of the second one contains a marker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db.models import CharField, ForeignKey, Model, QuerySet
from django.utils import timezone

from console.core.actor import Role
from console.core.models import Account
from tests.factories import (
    Party,
    make_connection,
    make_party,
)
from tests.vpn.populated import Populated, populate
from vpn.drivers.simulated.driver import SimulatedDriver
from vpn.models import Gateway, TrafficSample, WizardDraft

MARK = "zebra"
# Models that belong to no account: people with their sign-ins, and hosts.
_COMMON = {
    *(
        "console.User",
        "console.SignInSession",
        "console.KnownNetwork",
        "console.PasswordFailures",
        "vpn.Node",
    ),
}


class TwoAccounts:
    """Ana's account and another one; both have a row of every model."""

    def __init__(self, ana: Party, driver: SimulatedDriver) -> None:
        self.ana, self.other = ana, make_party(MARK)
        self.mine, self.theirs = populate(ana, driver), populate(self.other, driver)
        _point_at_each_other(self)
        now = timezone.now()
        for there in (self.mine, self.theirs):
            row = there.connections[0]
            numbers = dict.fromkeys(("bytes_in", "bytes_out", "packets_in", "packets_out"), 1)
            TrafficSample.objects.create(connection=row, at=now, **numbers)
        # Of the same person in the other account, and of another person in this one.
        me = self.mine.people[Role.ADMINISTRATOR]
        soon = now + timedelta(hours=1)
        steps = {"gateway": {"name": MARK}}
        self.drafts = [
            WizardDraft.objects.create(account=account, user=user, data=steps, expires_at=soon)
            for account, user in ((self.other.account, me), (ana.account, self.mine.people[Role.EDITOR]))
        ]
        self.client = self.mine.client(Role.ADMINISTRATOR)
        for model in models():
            _mark(rows_of(model, self.other.account))

    def secrets(self) -> list[bytes]:
        """What no page or response may contain: the marker, and the id of every row of the other account."""
        ids = {
            str(pk)
            for model in models()
            for pk in rows_of(model, self.other.account).values_list("pk", flat=True)
            if isinstance(pk, UUID)
        }
        ids |= {str(draft.pk) for draft in self.drafts}
        return [MARK.encode(), *(ident.encode() for ident in ids)]


def _point_at_each_other(two: TwoAccounts) -> None:
    """A gateway of the other account is a peer like any other address."""
    for party, here, there in (
        (two.ana, two.mine, two.theirs),
        (two.other, two.theirs, two.mine),
    ):
        own = Gateway.objects.get(pk=here.common["gateway_id"])
        peer = Gateway.objects.get(pk=there.common["gateway_id"])
        make_connection(party, own, 9, peer_address=peer.public_address, name="abroad")


def models() -> list[type[Model]]:
    """The models of this project, without those that belong to no account."""
    found = (m for label in ("console", "policies", "vpn") for m in apps.get_app_config(label).get_models())
    return [model for model in found if model._meta.label not in _COMMON]


def _path(model: type[Model], seen: tuple[type[Model], ...] = ()) -> str | None:
    """The lookup from a row to its account."""
    if model is Account:
        return "pk"
    keys = [f for f in model._meta.get_fields() if isinstance(f, ForeignKey)]
    for key in sorted(keys, key=lambda key: key.related_model is not Account):
        further = None if key.related_model in seen else _path(key.related_model, (*seen, model))
        if further:
            return key.name if further == "pk" else f"{key.name}__{further}"
    return None


def rows_of(model: type[Model], account: Account) -> QuerySet[Any]:
    path = _path(model)
    assert path, f"{model._meta.label} has no relation to an account"
    return model._default_manager.filter(**{path: account.pk})


def _mark(rows: QuerySet[Any]) -> None:
    """Puts the marker into names and texts."""
    assert rows.exists(), f"there is no row of {rows.model._meta.label}"
    names = [f.name for f in rows.model._meta.get_fields() if isinstance(f, CharField)]
    names = [n for n in names if n in {"name", "who", "target_name", "created_by", "hint"}]
    for number, row in enumerate(rows if names else ()):
        rows.filter(pk=row.pk).update(**dict.fromkeys(names, f"{MARK}-{number}"))


def ids_of(there: Populated) -> dict[str, str]:
    """The parameters of the console's routes and of the API's."""
    gateway = Gateway.objects.get(pk=there.common["gateway_id"])
    row = there.common
    return row | {
        "vpn_gateway_id": row["gateway_id"],
        "member_id": str(gateway.members.all()[0].pk),
        "reserved_ip_id": row["instance_id"],
        # There are none: any id will do.
        "service_connection_id": row["gateway_id"],
        "group_id": str(gateway.resource_group_id),
        "draft_id": str(there.drafts[Role.ADMINISTRATOR][0].pk),
        "region_name": settings.REGION,
        "zone_name": settings.ZONES[0],
        "cidr": "10.0.0.0/24",
    }
