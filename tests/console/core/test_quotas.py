from __future__ import annotations

from django.conf import LazySettings

from console.core.models import Account
from console.core.quotas import limits_for
from tests.factories import Party, raise_quotas


def test_defaults_come_from_settings_and_the_account_overrides(ana: Party, settings: LazySettings) -> None:
    settings.QUOTAS = {**settings.QUOTAS, "gateways": 7}
    raise_quotas(ana, vpcs=50)
    limits = limits_for(ana.account.id)
    assert limits["gateways"] == 7
    assert limits["vpcs"] == 50
    assert set(limits) == set(settings.QUOTAS)


def test_nonsense_in_overrides_counts_as_not_given(ana: Party, settings: LazySettings) -> None:
    Account.objects.filter(pk=ana.account.pk).update(
        quotas={"gateways": "many", "vpcs": True, "instances": -1, "unheard_of": 5}
    )
    assert limits_for(ana.account.id) == settings.QUOTAS
