"""What generation 2 of the API brought, in the console: names, identities, initiation, lists."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from policies.models import IKEPolicy, IPsecPolicy
from tests.factories import Party, make_connection, make_gateway, make_ike_policy, make_ipsec_policy
from tests.pages import text_of
from vpn.models import Connection, WizardDraft
from vpn.services.fields import ConnectionFields, GatewayFields
from vpn.web.wizard.request_code import curl, python

KEY = "lkj14b1oi0alcniejkso"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def fields(**changes: str) -> dict[str, str]:
    return {
        "name": "named",
        "peer_address": "vpn.example.com",
        "psk": KEY,
        "local_cidrs": "192.168.100.0/24",
        "peer_cidrs": "10.1.0.0/24",
        "dpd_action": "none",
        "dpd_interval": "30",
        "dpd_timeout": "120",
        "establish_mode": "peer_only",
        "local_identity_type": "fqdn",
        "local_identity": "cloud.example.com",
        **changes,
    }


def test_a_connection_by_name_with_identities(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana)
    new = f"/gateways/{gateway.pk}/connections/new"
    assert browser.post(new, fields()).status_code == 302
    row = Connection.objects.select_related("gateway").get()
    assert (row.peer_fqdn, row.peer_address, row.establish_mode) == ("vpn.example.com", None, "peer_only")
    assert (row.local_identity_text(), row.peer_identity_text()) == ("@cloud.example.com", "@vpn.example.com")
    page = text_of(browser.get(f"/gateways/{gateway.pk}/connections/{row.pk}"))
    assert "no address yet" in page and "@cloud.example.com" in page
    for path in (
        "/connections",
        "/connections?q=vpn.example",
        "/connections?q=10.0.0.0/8&sort=peer",
        "/",
        "/gateways",
    ):
        assert browser.get(path).status_code == 200
    assert "vpn.example.com" in text_of(browser.get("/connections?q=vpn.example"))
    edit = f"/gateways/{gateway.pk}/connections/{row.pk}/edit"
    form = browser.get(edit).context["form"]
    assert (form["peer_address"].value(), form["establish_mode"].value()) == ("vpn.example.com", "peer_only")
    changed = {name: str(form[name].value() or "") for name in form.fields} | {
        "establish_mode": "bidirectional"
    }
    assert browser.post(edit, changed).status_code == 302
    row.refresh_from_db()
    assert (row.peer_fqdn, row.establish_mode) == ("vpn.example.com", "bidirectional")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"local_identity": "nodots"}, "local_identity"),
        ({"local_identity_type": ""}, "local_identity_type"),
        ({"peer_identity_type": "key_id", "peer_identity": "no base64!"}, "peer_identity"),
        ({"peer_address": "nodots"}, "peer_address"),
    ],
)
def test_errors_are_shown_beside_their_field(
    ana: Party, browser: Client, changes: dict[str, str], field: str
) -> None:
    gateway = make_gateway(ana)
    response = browser.post(f"/gateways/{gateway.pk}/connections/new", fields(**changes))
    assert response.status_code == 200 and response.context["form"].errors[field]
    assert not Connection.objects.exists()


def test_the_review_speaks_generation_2_where_the_first_has_no_words() -> None:
    gateway: GatewayFields = {"name": "edge", "subnet": {"id": "s"}}
    plain: ConnectionFields = {
        "psk": KEY,
        "local": {"cidrs": ["10.0.0.0/24"]},
        "peer": {"address": "203.0.113.9", "cidrs": ["10.1.0.0/24"]},
    }
    assert "generation=2" not in curl("http://x", gateway, plain)
    identity = {"type": "fqdn", "value": "a.example.com"}
    named: ConnectionFields = {
        "psk": KEY,
        "local": {"cidrs": ["10.0.0.0/24"], "ike_identities": [identity]},
        "peer": {"fqdn": "vpn.example.com", "cidrs": ["10.1.0.0/24"]},
    }
    said = curl("http://x", gateway, named) + python("http://x", gateway, named)
    assert said.count("version=2026-10-06&generation=2") == 2 and "generation=2)" in said
    for words in ('"mode": "policy"', '"fqdn": "vpn.example.com"', "ike_identities", "'local': {'cidrs'"):
        assert words in said
    assert KEY not in said and "local_cidrs" not in said


def policy_fields(**changes: Any) -> dict[str, Any]:
    return {
        "name": "wide",
        "ike_version": "2",
        "encryption_algorithm": "aes256",
        "encryption_further": ["aes128", "aes192"],
        "authentication_algorithm": "sha512",
        "dh_group": "31",
        "dh_further": ["14", "20", "31"],
        "key_lifetime": "28800",
        **changes,
    }


def test_a_policy_with_several_algorithms(ana: Party, browser: Client) -> None:
    made = browser.post("/policies/ike/new", policy_fields())
    assert made.status_code == 302
    row = IKEPolicy.objects.get()
    assert (row.encryption_algorithms, row.authentication_algorithms, row.dh_groups) == (
        ["aes256", "aes192", "aes128"],
        ["sha512"],
        [31, 20, 14],
    )
    page = text_of(browser.get(made.headers["Location"]))
    assert "aes256, aes192, aes128" in page and "31, 20, 14" in page
    assert "aes256, aes192, aes128" in text_of(browser.get("/policies/ike"))
    edit = f"{made.headers['Location']}/edit"
    form = browser.get(edit).context["form"]
    assert (form["dh_group"].value(), form["dh_further"].value()) == (31, [20, 14])
    values = {name: form[name].value() for name in form.fields}
    assert browser.post(edit, values | {"key_lifetime": "3600"}).status_code == 302
    row.refresh_from_db()
    assert (row.dh_groups, row.key_lifetime) == ([31, 20, 14], 3600)
    assert browser.post(edit, values | {"dh_further": [], "key_lifetime": "3600"}).status_code == 302
    row.refresh_from_db()
    assert (row.dh_groups, row.encryption_algorithms) == ([31], ["aes256", "aes192", "aes128"])


def test_a_policy_keeps_its_own_order_and_so_do_its_copies(ana: Party, browser: Client) -> None:
    row = make_ike_policy(ana, "own", dh_group=14)
    IKEPolicy.objects.update(dh_groups=[14, 16, 31])
    url = f"/policies/ike/{row.pk}"
    for path in ("edit", "clone"):
        form = browser.get(f"{url}/{path}").context["form"]
        assert [word for word, _ in form.fields["dh_further"].choices][:4] == [16, 31, 20, 19]
        values = {name: form[name].value() for name in form.fields}
        assert browser.post(f"{url}/{path}", values | {"dh_further": ["20", "31", "16"]}).status_code == 302
    assert [policy.dh_groups for policy in IKEPolicy.objects.all()] == [[14, 16, 31, 20]] * 2


def test_ikev1_takes_the_first_of_each_kind(ana: Party, browser: Client) -> None:
    assert browser.post("/policies/ike/new", policy_fields()).status_code == 302
    row = IKEPolicy.objects.get()
    page = text_of(browser.get(f"/policies/ike/{row.pk}/edit"))
    assert "IKEv1 negotiates one algorithm of each kind" in page
    response = browser.post(f"/policies/ike/{row.pk}/edit", policy_fields(ike_version="1"))
    assert response.status_code == 302
    row.refresh_from_db()
    assert (row.ike_version, row.encryption_algorithms, row.dh_groups) == (1, ["aes256"], [31])


def test_boxes_are_a_group_with_a_label_and_strength_each(browser: Client) -> None:
    page = text_of(browser.get("/policies/ike/new"))
    assert "<legend>Also accept, if the peer does not support the first</legend>" in page
    assert '<fieldset class="boxes" id="id_dh_further"' in page
    assert 'for="id_encryption_further_0"' in page and "AES-192-CBC (aes192)" in page
    assert page.index('value="31" id="id_dh_further') < page.index('value="14" id="id_dh_further')
    assert 'value="disabled" id="id_' not in text_of(browser.get("/policies/ipsec/new"))


def test_errors_of_a_list_are_shown_beside_its_check_boxes(ana: Party, browser: Client) -> None:
    response = browser.post("/policies/ike/new", policy_fields(dh_further=["99"]))
    assert response.status_code == 200 and response.context["form"].errors["dh_further"]
    old = make_ike_policy(ana, "old", ike_version=1)
    policy = make_ipsec_policy(ana, "data")
    make_connection(ana, ike_policy={"id": str(old.pk)}, ipsec_policy={"id": str(policy.pk)})
    form = browser.get(f"/policies/ipsec/{policy.pk}/edit").context["form"]
    values = {name: form[name].value() for name in form.fields} | {"pfs_further": ["group_20"]}
    response = browser.post(f"/policies/ipsec/{policy.pk}/edit", values)
    assert "With IKEv1 pfs_groups must have exactly one" in str(
        response.context["form"].errors["pfs_further"]
    )
    assert "With IKEv1 pfs_groups" in text_of(response)


def test_boxes_in_the_wizard(ana: Party, browser: Client) -> None:
    subnet = make_gateway(ana).subnet_id
    browser.post("/gateways/new", {"subnet": str(subnet), "name": "edge"})
    draft = WizardDraft.objects.get()
    url = f"/gateways/new/{draft.pk}/security"
    assert 'id="id_ike-dh_further"' in text_of(browser.get(url))
    values = {f"ike-{name}": value for name, value in policy_fields().items()}
    browser.post(url, values | {"go": "create:ike"})
    assert IKEPolicy.objects.get().dh_groups == [31, 20, 14]


def test_the_admin_site_leaves_several_as_they_are(ana: Party) -> None:
    ana.user.is_superuser = ana.user.is_staff = True
    ana.user.save()
    browser = ana.browser()
    browser.post("/policies/ike/new", policy_fields())
    row = IKEPolicy.objects.get()
    url = f"/admin/policies/ikepolicy/{row.pk}/change/"
    form = browser.get(url).context["adminform"].form
    values = {name: str(form[name].value() or "") for name in form.fields}
    assert values["dh_group"] == "65535"
    saved = browser.post(url, values | {"key_lifetime": "3600"})
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    row.refresh_from_db()
    assert (row.dh_groups, row.encryption_algorithms[0], row.key_lifetime) == ([31, 20, 14], "aes256", 3600)


def test_aes_gcm_in_the_console(ana: Party, browser: Client) -> None:
    wrong = {
        "name": "gcm",
        "encryption_algorithm": "aes256gcm16",
        "authentication_algorithm": "sha256",
        "pfs": "group_31",
        "key_lifetime": "3600",
    }
    refused = browser.post("/policies/ipsec/new", wrong)
    assert "use disabled" in text_of(refused)
    assert (
        browser.post("/policies/ipsec/new", wrong | {"authentication_algorithm": "disabled"}).status_code
        == 302
    )
    policy = IPsecPolicy.objects.get()
    row = make_connection(ana, ipsec_policy={"id": str(policy.pk)})
    for path in ("", "/handoff", "/handoff?vendor=cisco"):
        assert browser.get(f"/gateways/{row.gateway_id}/connections/{row.pk}{path}").status_code == 200


def test_pages_of_connections_that_keep_the_set_of_generation_2(ana: Party, browser: Client) -> None:
    make_ike_policy(ana), make_ipsec_policy(ana)
    row = make_connection(ana, api_generation=2)
    assert Connection.objects.get().api_generation == 2
    for path in ("", "/edit", "/handoff", "/handoff?vendor=strongswan"):
        assert browser.get(f"/gateways/{row.gateway_id}/connections/{row.pk}{path}").status_code == 200


@pytest.mark.parametrize(("slug", "suite"), [("cisco", "ecp384"), ("parameters", "curve25519")])
def test_the_table_beside_a_device_says_what_its_file_does(
    ana: Party, browser: Client, slug: str, suite: str
) -> None:
    row = make_connection(ana, api_generation=2)
    page = browser.get(f"/gateways/{row.gateway_id}/connections/{row.pk}/handoff?vendor={slug}")
    wanted = {"IKE proposals": f"aes256-sha512-{suite}", "IPsec proposals": "aes256gcm16"}
    assert {line.label: line.value for line in page.context["rows"]}.items() >= wanted.items()
    assert f"IKE proposals: aes256-sha512-{suite}" in text_of(page)
