"""Usage of the policy quotas, and links from the audit trail to policies."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import UUID

from django.urls import reverse

from console.core.registry import Pages, Use, add_pages, add_usage
from policies.models import IKEPolicy, IPsecPolicy


def register() -> None:
    add_usage(_usage)
    add_pages(IKEPolicy.audit_type, _pages(IKEPolicy, "ike_policy"))
    add_pages(IPsecPolicy.audit_type, _pages(IPsecPolicy, "ipsec_policy"))


def _usage(account_id: UUID) -> Iterator[Use]:
    yield Use("ike_policies", IKEPolicy.objects.filter(account_id=account_id).count())
    yield Use("ipsec_policies", IPsecPolicy.objects.filter(account_id=account_id).count())


def _pages(model: type[IKEPolicy] | type[IPsecPolicy], name: str) -> Pages:
    def pages(account_id: UUID, idents: Collection[UUID]) -> dict[UUID, str]:
        rows = model.objects.filter(account_id=account_id, pk__in=idents)
        return {pk: reverse(name, args=[pk]) for pk in rows.values_list("pk", flat=True)}

    return pages
