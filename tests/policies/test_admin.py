"""Policies in the admin site: the services' rules, no other."""

from __future__ import annotations

import pytest
from django.test import Client

from policies.models import IKEPolicy, IPsecPolicy
from tests.adminsite import add, change, delete, errors, superuser
from tests.factories import Party, make_connection, make_ike_policy
from vpn.models import Gateway


@pytest.fixture
def root(db: None) -> Client:
    """A superuser who belongs to no account."""
    return superuser()


def test_policies(root: Client, ana: Party) -> None:
    fields = {
        "account": ana.account.pk,
        "name": "strong",
        "encryption_algorithm": "aes256",
        "authentication_algorithm": "sha256",
        "key_lifetime": "",
    }
    add(root, "policies_ikepolicy", **fields, dh_group=14, ike_version=2)
    add(root, "policies_ipsecpolicy", **fields, pfs="group_14")
    ike, ipsec = IKEPolicy.objects.get(), IPsecPolicy.objects.get()
    assert (ike.dh_group, ike.ike_version, ike.key_lifetime) == (14, 2, 28800)
    assert (ipsec.pfs, ipsec.key_lifetime) == ("group_14", 3600)
    form = {**fields, "dh_group": 5, "ike_version": 2, "key_lifetime": 1}
    assert list(errors(change(root, "policies_ikepolicy", ike, **form))) == ["key_lifetime"]
    assert change(root, "policies_ikepolicy", ike, **{**form, "key_lifetime": 3600}).status_code == 302
    ike.refresh_from_db()
    assert (ike.dh_group, ike.encryption_algorithm, ike.key_lifetime) == (5, "aes256", 3600)
    emptied = change(root, "policies_ikepolicy", ike, **{**form, "name": "", "key_lifetime": 3600})
    assert "A name begins with a letter" in errors(emptied)["name"][0]
    delete(root, "policies_ipsecpolicy", ipsec)
    assert not IPsecPolicy.objects.exists()


def test_a_policy_in_use_stays_and_its_change_reaches_the_gateway(root: Client, ana: Party) -> None:
    policy = make_ike_policy(ana)
    make_connection(ana, ike_policy={"id": str(policy.pk)})
    assert "is used by 1 VPN connection (" in delete(root, "policies_ikepolicy", policy)
    form = {
        "name": policy.name,
        "encryption_algorithm": "aes256",
        "authentication_algorithm": "sha256",
        "dh_group": 14,
        "ike_version": 2,
        "key_lifetime": policy.key_lifetime,
    }
    before = Gateway.objects.get().generation
    assert change(root, "policies_ikepolicy", policy, **form).status_code == 302
    assert Gateway.objects.get().generation == before + 1
