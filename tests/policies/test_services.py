from __future__ import annotations

from typing import Any

import pytest

from console.core.actor import Role
from console.core.errors import Conflict, Invalid, NotAllowed, NotFound
from console.core.models import AuditEvent
from policies import services
from policies.domain.generations import GENERATION_1
from policies.domain.proposals import IkeVersion
from policies.models import IKEPolicy, IPsecPolicy
from policies.signals import policy_changed
from tests.factories import (
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_ipsec_policy,
    raise_quotas,
)
from vpn.models import Gateway


def codes_of(refusal: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(violation.code, violation.field) for violation in refusal.value.violations]


def test_defaults(ana: Party) -> None:
    ike = make_ike_policy(ana)
    assert (ike.key_lifetime, ike.offer().version) == (28800, IkeVersion.V2)
    ipsec = make_ipsec_policy(ana, pfs="disabled")
    assert ipsec.key_lifetime == 3600
    assert ipsec.offer().proposal.groups == ()
    assert ike.resource_group.is_default
    fields = {
        "authentication_algorithm": "sha1",
        "encryption_algorithm": "3des",
        "dh_group": 2,
        "ike_version": 1,
    }
    unnamed = services.create_ike_policy(ana.editor, fields)
    assert unnamed.name
    assert unnamed.encryption_algorithm == "triple_des"


def test_everything_wrong_at_once(ana: Party) -> None:
    fields = {
        "name": "9",
        "authentication_algorithm": "sha512",
        "encryption_algorithm": "rot13",
        "dh_group": 3,
        "ike_version": 3,
        "key_lifetime": 299,
    }
    with pytest.raises(Invalid) as refusal:
        services.create_ike_policy(ana.editor, fields, GENERATION_1)
    assert codes_of(refusal) == [
        ("ike_policy_invalid_name", "name"),
        ("validation_min_value", "key_lifetime"),
        ("validation_enum", "authentication_algorithm"),
        ("validation_enum", "encryption_algorithm"),
        ("validation_enum", "dh_group"),
        ("validation_enum", "ike_version"),
    ]
    with pytest.raises(Invalid) as refusal:
        wrong = {"key_lifetime": 86401, "resource_group": {"id": "no"}}
        services.create_ipsec_policy(ana.editor, wrong, GENERATION_1)
    assert codes_of(refusal) == [
        ("validation_required_field", "authentication_algorithm"),
        ("validation_required_field", "encryption_algorithm"),
        ("validation_required_field", "pfs"),
        ("validation_invalid_ref", "resource_group.id"),
        ("validation_max_value", "key_lifetime"),
    ]
    assert not IKEPolicy.objects.exists() and not IPsecPolicy.objects.exists()


def test_names_are_unique_per_account_and_kind(ana: Party, ben: Party) -> None:
    make_ike_policy(ana, "strong")
    make_ipsec_policy(ana, "strong")
    make_ike_policy(ben, "strong")
    with pytest.raises(Invalid) as refusal:
        make_ike_policy(ana, "strong")
    assert codes_of(refusal) == [("ike_policy_duplicate_name", "name")]
    other = make_ike_policy(ana, "weak")
    with pytest.raises(Invalid):
        services.update_ike_policy(ana.editor, other.pk, {"name": "strong"})
    services.update_ike_policy(ana.editor, other.pk, {"name": "weak"})


def test_the_quota_of_each_kind(ana: Party) -> None:
    raise_quotas(ana, ike_policies=1, ipsec_policies=0)
    make_ike_policy(ana)
    with pytest.raises(Invalid) as refusal:
        make_ike_policy(ana)
    assert codes_of(refusal) == [("ike_policies_quota_exceeded", "")]
    with pytest.raises(Invalid) as refusal:
        make_ipsec_policy(ana)
    assert codes_of(refusal) == [("ipsec_policies_quota_exceeded", "")]


def test_a_change_reaches_the_gateways_that_use_it(ana: Party) -> None:
    policy, gateway, bystander = make_ike_policy(ana), make_gateway(ana), make_gateway(ana)
    make_connection(ana, gateway, ike_policy={"id": str(policy.pk)})
    before = dict(Gateway.objects.values_list("pk", "generation"))
    services.update_ike_policy(ana.editor, policy.pk, {"dh_group": 5})
    after = dict(Gateway.objects.values_list("pk", "generation"))
    assert after[gateway.pk] == before[gateway.pk] + 1
    assert after[bystander.pk] == before[bystander.pk]
    services.update_ike_policy(ana.editor, policy.pk, {"dh_group": 5})
    assert dict(Gateway.objects.values_list("pk", "generation")) == after, "nothing changed, nothing to do"


def test_the_signal_is_sent_within_the_transaction(ana: Party) -> None:
    received: list[Any] = []

    def receive(policy: IPsecPolicy, **_: object) -> None:
        received.append((policy.pk, policy.pfs))

    policy_changed.connect(receive)
    try:
        policy = make_ipsec_policy(ana)
        services.update_ipsec_policy(ana.editor, policy.pk, {"pfs": "disabled"})
    finally:
        policy_changed.disconnect(receive)
    assert received == [(policy.pk, "disabled")]


def test_a_policy_in_use_stays(ana: Party) -> None:
    ike, ipsec = make_ike_policy(ana), make_ipsec_policy(ana)
    connection = make_connection(ana, ike_policy={"id": str(ike.pk)}, ipsec_policy={"name": ipsec.name})
    for delete, policy, code in (
        (services.delete_ike_policy, ike, "ike_policy_in_use"),
        (services.delete_ipsec_policy, ipsec, "ipsec_policy_in_use"),
    ):
        count = AuditEvent.objects.count()
        with pytest.raises(Conflict) as refusal:
            delete(ana.editor, policy.pk)
        assert refusal.value.violations[0].code == code
        assert connection.name in refusal.value.violations[0].message
        assert AuditEvent.objects.count() == count
    connection.delete()
    services.delete_ike_policy(ana.editor, ike.pk)
    services.delete_ipsec_policy(ana.editor, ipsec.pk)
    assert not IKEPolicy.objects.exists() and not IPsecPolicy.objects.exists()


def test_roles_and_owners(ana: Party, ben: Party) -> None:
    policy = make_ike_policy(ana)
    for role in (Role.VIEWER, Role.OPERATOR):
        for act in (
            lambda actor: services.create_ike_policy(actor, {}),
            lambda actor: services.update_ike_policy(actor, policy.pk, {"dh_group": 2}),
            lambda actor: services.delete_ike_policy(actor, policy.pk),
        ):
            with pytest.raises(NotAllowed):
                act(ana.actor(role))
    for see in (services.get_ike_policy, services.delete_ike_policy):
        with pytest.raises(NotFound):
            see(ben.editor, policy.pk)
    policy.refresh_from_db()
    assert policy.dh_group == 14
