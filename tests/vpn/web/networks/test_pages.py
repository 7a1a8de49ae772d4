"""Pages of VPCs, subnets and instances."""

from __future__ import annotations

import pytest
from django.test import Client

from console.core.actor import Role
from console.core.models import Membership
from tests.factories import Party, make_gateway, make_instance, make_subnet, make_vpc
from tests.pages import text_of
from vpn.models import AddressPrefix, Instance, Subnet, Vpc

VPC = {"name": "vpc-9", "subnet_name": "inside", "zone": "us-south-1", "ipv4_cidr_block": "10.9.0.0/24"}


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def test_lists_all_three(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana, name="inside")
    make_instance(ana, subnet, "vsi-9")
    for path, shown in (
        ("/networks", (subnet.vpc.name, "192.168.0.0/16", f"/networks/subnets?vpc={subnet.vpc_id}")),
        ("/networks/subnets", (subnet.vpc.name, "inside", "192.168.100.0/24", "us-south-1")),
        ("/networks/instances", ("vsi-9", "192.168.100.4", "inside")),
    ):
        page = text_of(browser.get(path))
        assert all(words in page for words in shown), path


def test_creates_a_vpc_with_its_subnet_and_goes_on(browser: Client) -> None:
    response = browser.post("/networks/vpcs/new?next=/gateways/new", VPC)
    assert response.headers["Location"] == "/gateways/new"
    subnet = Subnet.objects.get()
    assert (subnet.name, subnet.ipv4_cidr_block, subnet.vpc.name) == ("inside", "10.9.0.0/24", "vpc-9")
    assert AddressPrefix.objects.get().cidr == "10.9.0.0/24"


def test_does_not_go_on_to_strangers(browser: Client) -> None:
    for onward in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        Vpc.objects.all().update(name="older")
        response = browser.post(
            f"/networks/vpcs/new?next={onward}", VPC | {"name": f"vpc{Vpc.objects.count()}"}
        )
        assert response.headers["Location"] == "/networks"
        Subnet.objects.all().delete()
        Vpc.objects.all().delete()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "1"}, "name"),
        ({"subnet_name": "1"}, "subnet_name"),
        ({"ipv4_cidr_block": "10.9.0.1/24"}, "ipv4_cidr_block"),
        ({"ipv4_cidr_block": "10.9.0.0/31"}, "ipv4_cidr_block"),
        ({"ipv4_cidr_block": ""}, "ipv4_cidr_block"),
        ({"zone": "mars-1"}, "zone"),
    ],
)
def test_a_vpc_is_created_whole_or_not_at_all(browser: Client, changes: dict[str, str], field: str) -> None:
    response = browser.post("/networks/vpcs/new", VPC | changes)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not Vpc.objects.exists()


def test_a_subnet_outside_of_the_prefixes_brings_its_own(ana: Party, browser: Client) -> None:
    vpc = make_vpc(ana)
    fields = {"vpc": str(vpc.pk), "name": "far", "zone": "us-south-2", "ipv4_cidr_block": "10.20.0.0/24"}
    assert browser.post("/networks/subnets/new", fields).status_code == 302
    assert Subnet.objects.get().zone == "us-south-2"
    near = fields | {"name": "near", "zone": "us-south-1", "ipv4_cidr_block": "192.168.3.0/24"}
    assert browser.post("/networks/subnets/new", near).status_code == 302
    assert AddressPrefix.objects.filter(vpc=vpc).count() == 2


@pytest.mark.parametrize("vpc", ["", "nonsense", "00000000-0000-4000-8000-000000000000"])
def test_a_subnet_needs_a_vpc(ana: Party, browser: Client, vpc: str) -> None:
    make_vpc(ana)
    draft = {"vpc": vpc, "zone": "us-south-1", "ipv4_cidr_block": "10.9.0.0/24"}
    response = browser.post("/networks/subnets/new", draft)
    assert response.status_code == 200
    assert response.context["form"].errors["vpc"]
    assert not Subnet.objects.exists() and not AddressPrefix.objects.filter(cidr="10.9.0.0/24").exists()


def test_creates_instances(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    fields = {"subnet": str(subnet.pk), "name": "", "address": ""}
    assert "has the address 192.168.100.4" in text_of(
        browser.post("/networks/instances/new", fields, follow=True)
    )
    taken = browser.post("/networks/instances/new", fields | {"address": "192.168.100.4"})
    assert "192.168.100.4 is in use." in text_of(taken)
    assert Instance.objects.count() == 1


def test_what_is_needed_cannot_be_deleted(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    response = browser.post(f"/networks/subnets/{gateway.subnet_id}/delete", follow=True)
    assert 'class="notice error"' in text_of(response)
    response = browser.post(f"/networks/vpcs/{gateway.vpc_id}/delete", follow=True)
    assert 'class="notice error"' in text_of(response)
    assert Subnet.objects.exists() and Vpc.objects.exists()


def test_deletes_from_the_inside_out(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    instance = make_instance(ana, subnet)
    for path, onward in (
        (f"instances/{instance.pk}", "/networks/instances"),
        (f"subnets/{subnet.pk}", "/networks/subnets"),
        (f"vpcs/{subnet.vpc_id}", "/networks"),
    ):
        assert browser.post(f"/networks/{path}/delete").headers["Location"] == onward
    assert not Vpc.objects.exists()


def test_those_of_others_do_not_exist(ben: Party, browser: Client) -> None:
    subnet = make_subnet(ben, name="hidden-one")
    assert browser.post(f"/networks/subnets/{subnet.pk}/delete").status_code == 404
    for path in ("", "/subnets", "/instances", "/subnets?q=192.168.100.7", "?format=csv"):
        assert "hidden-one" not in text_of(browser.get(f"/networks{path}"))


def test_roles_below_editor_may_only_read(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    Membership.objects.update(role=Role.OPERATOR.value)
    page = text_of(browser.get("/networks"))
    assert "New VPC" not in page and "Delete" not in page
    assert browser.post("/networks/vpcs/new", VPC).status_code == 403
    assert browser.post(f"/networks/subnets/{subnet.pk}/delete").status_code == 403


def test_a_page_of_each_shows_its_contents(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="edge")
    instance = make_instance(ana, gateway.subnet, "vsi-9")
    for path, shown in (
        (f"vpcs/{gateway.vpc_id}", ("edge", gateway.subnet.name, "192.168.0.0/16")),
        (f"subnets/{gateway.subnet_id}", ("edge", "vsi-9", "192.168.100.0/24")),
        (f"instances/{instance.pk}", (instance.address, gateway.subnet.name)),
    ):
        page = text_of(browser.get(f"/networks/{path}"))
        assert all(words in page for words in shown), path


@pytest.mark.parametrize("kind", ["vpcs", "subnets", "instances"])
def test_renames_by_the_rules_of_names(ana: Party, browser: Client, kind: str) -> None:
    subnet = make_subnet(ana)
    row = {"vpcs": subnet.vpc, "subnets": subnet, "instances": make_instance(ana, subnet)}[kind]
    url = f"/networks/{kind}/{row.pk}"
    assert "A name begins with a letter" in text_of(browser.post(url, {"do": "rename", "name": "1"}))
    assert browser.post(url, {"do": "rename", "name": "better"}).headers["Location"] == url
    row.refresh_from_db()
    assert row.name == "better"


def test_address_prefixes_come_and_go(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    url = f"/networks/vpcs/{subnet.vpc_id}"
    fields = {"do": "prefix", "cidr": "10.20.0.0/16", "zone": "us-south-2"}
    assert "host bits" in text_of(browser.post(url, fields | {"cidr": "10.20.0.1/16"}))
    assert browser.post(url, fields).headers["Location"] == url
    added, needed = (AddressPrefix.objects.get(cidr=cidr) for cidr in ("10.20.0.0/16", "192.168.0.0/16"))
    assert browser.post(f"{url}/prefixes/{added.pk}/delete").headers["Location"] == url
    refused = text_of(browser.post(f"{url}/prefixes/{needed.pk}/delete", follow=True))
    assert 'class="notice error"' in refused
    assert [prefix.cidr for prefix in AddressPrefix.objects.all()] == ["192.168.0.0/16"]


def test_below_editor_a_page_is_only_read(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    Membership.objects.update(role=Role.OPERATOR.value)
    for path in (f"vpcs/{subnet.vpc_id}", f"subnets/{subnet.pk}"):
        page = text_of(browser.get(f"/networks/{path}"))
        assert "Save the name" not in page and "Delete" not in page and "Add the prefix" not in page
        assert browser.post(f"/networks/{path}", {"do": "rename", "name": "better"}).status_code == 403
    prefix = AddressPrefix.objects.get()
    assert browser.post(f"/networks/vpcs/{subnet.vpc_id}/prefixes/{prefix.pk}/delete").status_code == 403
