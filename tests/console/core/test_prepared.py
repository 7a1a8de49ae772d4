"""A prepared query answers as the queryset that it was made from."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from console.core.models.prepared import PreparedQuery, set_related
from tests.vpn.scene import make_scene
from vpn.models import Connection, ConnectionCidr, Gateway

pytestmark = pytest.mark.django_db

by_id = PreparedQuery(
    lambda ident: Connection.objects.filter(pk=ident).select_related("gateway__subnet", "ike_policy"),
    (UUID,),
)


def test_rows_and_related_rows_are_the_same(django_assert_num_queries):
    scene = make_scene()
    gateway = scene.gateway(scene.left)
    connection = scene.connect(gateway, "203.0.113.9")
    with django_assert_num_queries(1):
        found = by_id.first(connection.id)
        assert found.gateway.subnet.name == "subnet-1"
        assert found.ike_policy is None
    plain = Connection.objects.get(pk=connection.id)
    fields = [field.attname for field in Connection._meta.concrete_fields]
    assert {name: getattr(found, name) for name in fields} == {name: getattr(plain, name) for name in fields}
    assert found._state.adding is False


def test_selected_columns_without_instances():
    scene = make_scene()
    gateway = scene.gateway(scene.left)
    made = scene.connect(gateway, "203.0.113.9", name="first")
    of_gateway = PreparedQuery(
        lambda ident: Connection.objects.filter(gateway_id=ident).only("name", "gateway"), (UUID,)
    )
    found = of_gateway.tuples(gateway.id, names=("id", "name", "gateway_id"))
    assert found == [(made.id, "first", gateway.id)]
    assert of_gateway.tuples(uuid4(), names=("id", "name")) == []


def test_an_id_may_come_as_text():
    scene = make_scene()
    made = scene.connect(scene.gateway(scene.left), "203.0.113.9")
    assert by_id.first(str(made.id)) == made


def test_other_parameters_give_other_rows_and_none_gives_none():
    scene = make_scene()
    one, two = scene.gateway(scene.left), scene.gateway(scene.right)
    named = PreparedQuery(
        lambda account, name: Gateway.objects.filter(account_id=account, name=name), (UUID, str)
    )
    account = scene.actor.account_id
    assert named(account, one.name) == [one]
    assert named(account, two.name) == [two]
    assert named(uuid4(), one.name) == []
    assert by_id.first(uuid4()) is None


def test_a_changed_row_is_seen():
    scene = make_scene()
    connection = scene.connect(scene.gateway(scene.left), "203.0.113.9")
    assert by_id.first(connection.id).status == "down"
    Connection.objects.update(status="up")
    assert by_id.first(connection.id).status == "up"


def test_set_related_serves_as_a_prefetch(django_assert_num_queries):
    scene = make_scene()
    connection = scene.connect(scene.gateway(scene.left), "203.0.113.9")
    rows = list(connection.cidrs.all())
    set_related(connection, "cidrs", rows, ConnectionCidr.objects.all())
    with django_assert_num_queries(0):
        assert list(connection.cidrs.all()) == rows
