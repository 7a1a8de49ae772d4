"""The wizard begun with what the other side sent: roles swapped, the key sealed, nothing kept."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import Party, make_connection, make_gateway, make_subnet
from tests.pages import text_of
from tests.vpn.handoff.test_reader_extras import BY_HAND
from tests.vpn.web.wizard.walk import review
from vpn.handoff.reader.recognised import SWANCTL as SWANCTL_SOURCE
from vpn.handoff.reader.recognised import Recognised
from vpn.models import Connection, WizardDraft
from vpn.services.connections import cidrs_of
from vpn.web.forms.wizard import LONGEST_PASTE
from vpn.web.wizard.paste import suites_of

KEY = "PastedPassword123"
SWANCTL = """
connections {
  to-cloud {
    version = 2
    local_addrs = 198.51.100.7
    remote_addrs = OWN
    proposals = aes256-sha256-modp2048
    local { auth = psk }
    remote { auth = psk }
    children { net {
      local_ts = 10.50.0.0/16, 10.51.0.0/16
      remote_ts = 192.168.100.0/24
      esp_proposals = aes256-sha256
    } }
  }
}
secrets { ike-1 { secret = "PastedPassword123" } }
"""
PATH = "/gateways/new/paste"


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


def second_of(first: str) -> str:
    return first.removesuffix("/gateway") + "/connection"


def test_the_peers_file_fills_the_wizard_to_the_end(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    first = browser.post(PATH, {"text": SWANCTL.replace("OWN", "169.61.1.1")}).headers["Location"]
    second = second_of(first)
    assert browser.post(first, {"name": "edge", "subnet": str(subnet.pk)}).headers["Location"] == second
    page = text_of(browser.get(second))
    for value in ("198.51.100.7", "10.50.0.0/16", "10.51.0.0/16", "192.168.100.0/24"):
        assert f'value="{value}"' in page
    assert f"A key of {len(KEY)} characters is set" in page and "The pre-shared key was found" in page
    assert "IKEv2: aes256-sha256-modp2048" in page and "It expects you at 169.61.1.1" in page
    form = browser.get(second).context["form"]
    fields = {name: form[name].value() or "" for name in form.fields}
    browser.post(second, fields)
    browser.post(review(second))
    row = Connection.objects.get()
    assert row.open_psk() == KEY and row.peer_address == "198.51.100.7"
    assert cidrs_of(row) == (["192.168.100.0/24"], ["10.50.0.0/16", "10.51.0.0/16"])


def test_a_paste_that_says_everything_may_go_straight_to_the_review(ana: Party, browser: Client) -> None:
    subnet = make_subnet(ana)
    first = browser.post(PATH, {"text": SWANCTL}).headers["Location"]
    review = first.removesuffix("/gateway") + "/review"
    unanswered = text_of(browser.get(review))
    assert "No VPC yet: the gateway" in unanswered
    browser.post(first, {"name": "edge", "subnet": str(subnet.pk)})
    page = browser.get(review)
    assert page.context["errors"] == []
    assert browser.post(review).status_code == 302
    assert Connection.objects.get().dpd_action == "restart"


def test_the_subnet_that_the_other_side_wants_is_proposed(ana: Party, browser: Client) -> None:
    make_subnet(ana, cidr="192.168.0.0/24", name="a-first")
    wanted = make_subnet(ana, cidr="192.168.100.0/24", name="z-wanted")
    first = browser.post(PATH, {"text": SWANCTL}).headers["Location"]
    assert browser.get(first).context["form"]["subnet"].value() == str(wanted.pk)


def test_the_suites_that_the_other_side_wants_are_proposed(ana: Party, browser: Client) -> None:
    first = browser.post(PATH, {"text": SWANCTL}).headers["Location"]
    third = first.removesuffix("/gateway") + "/security"
    page = browser.get(third)
    assert page.context["new_ike"]["dh_group"].value() == 14
    assert page.context["new_ipsec"]["pfs"].value() == "disabled"
    assert "Filled in with what the other side requires." in text_of(page)
    # It is neither chosen nor left out without a word.
    assert text_of(browser.post(third, {})).count("is not created yet") == 4
    browser.post(third, {"go": "drop:ike"})
    browser.post(third, {"go": "drop:ipsec"})
    page = browser.get(third)
    assert page.context["new_ike"].initial == {} and "Filled in with" not in text_of(page)
    assert browser.post(third, {}).status_code == 302


@pytest.mark.parametrize(
    ("ike", "esp", "wanted"),
    [
        (("aes128-sha1-modp1024",), ("aes256-sha256-modp2048",), {"ike": 2, "ipsec": "group_14"}),
        (("aes128-sha256-modp2048", "aes256-sha256-modp2048"), ("default",), {}),
        (("aes256gcm16-prfsha384-ecp384",), (), {}),
        ((), ("aes256gcm16-ecp384",), {"ipsec": "group_20"}),
        (("aes128",), ("sha256",), {}),
    ],
)
def test_only_one_known_suite_is_proposed(
    ike: tuple[str, ...], esp: tuple[str, ...], wanted: dict[str, object]
) -> None:
    suites = suites_of(Recognised(SWANCTL_SOURCE, ike_proposals=ike, esp_proposals=esp))
    assert {kind: suite.get("dh_group", suite.get("pfs")) for kind, suite in suites.items()} == wanted


def test_the_key_is_only_in_the_sealed_part(ana: Party, browser: Client) -> None:
    make_subnet(ana)
    response = browser.post(PATH, {"text": SWANCTL})
    draft = WizardDraft.objects.get()
    assert draft.open_psk() == KEY and KEY not in str(draft.data) + draft.psk_sealed
    first = response.headers["Location"]
    for path in (first, second_of(first), review(second_of(first))):
        assert KEY not in text_of(browser.get(path))


def test_our_own_side_is_swapped(ana: Party, browser: Client) -> None:
    browser.post(PATH, {"text": SWANCTL.replace("OWN", "169.61.1.1"), "ours": "on"})
    entered = WizardDraft.objects.get().data["connection"]
    assert entered["peer_address"] == "169.61.1.1"
    assert entered["local_cidrs"] == ["10.50.0.0/16", "10.51.0.0/16"]
    assert entered["peer_cidrs"] == ["192.168.100.0/24"]


def test_our_own_export_comes_back_with_its_roles(ana: Party, ben: Party, browser: Client) -> None:
    """What Ben's console exports for his peer, Ana's reads for herself."""
    row = make_connection(ben, make_gateway(ben), 4)
    export = ben.browser().get(f"/gateways/{row.gateway_id}/connections/{row.pk}/handoff/strongswan")
    assert export.status_code == 200
    browser.post(PATH, {"text": text_of(export)})
    entered = WizardDraft.objects.get().data["connection"]
    assert entered["peer_address"] == row.gateway.public_address
    assert entered["local_cidrs"] == ["10.4.0.0/24"] and entered["peer_cidrs"] == ["192.168.100.0/24"]
    assert WizardDraft.objects.get().open_psk() == ""


def test_a_gateway_that_is_meant_is_named(ana: Party, browser: Client) -> None:
    gateway = make_gateway(ana, name="existing")
    browser.post(PATH, {"text": SWANCTL.replace("OWN", gateway.public_address)})
    assert "your gateway existing" in str(WizardDraft.objects.get().data["pasted"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Paste the text first."),
        ("nothing of the kind, KEYLIKE secret", "No tunnel parameters were recognised"),
        ("x" * (LONGEST_PASTE + 1), "longer than 20000 characters"),
        ('connections { secrets { ike { secret = "KEYLIKE"', "No tunnel parameters were recognised"),
    ],
)
def test_what_is_not_recognised_is_reported_and_not_echoed(browser: Client, text: str, words: str) -> None:
    page = text_of(browser.post(PATH, {"text": text}))
    assert words in page and "KEYLIKE" not in page
    assert not WizardDraft.objects.exists()


def test_identities_and_dead_peer_detection_are_filled_in_and_the_rest_is_reported(
    ana: Party, browser: Client
) -> None:
    first = browser.post(PATH, {"text": BY_HAND}).headers["Location"]
    form = browser.get(second_of(first)).context["form"]
    for name, value in (
        ("peer_identity_type", "fqdn"),
        ("peer_identity", "branch.example.com"),
        ("local_identity_type", "key_id"),
        ("local_identity", "Cv8="),
        ("dpd_action", "hold"),
        ("dpd_interval", "45"),
    ):
        assert form[name].value() == value, name
    page = browser.get(first.removesuffix("/gateway") + "/security")
    described = text_of(page)
    assert "Not imported: encap, ipcomp." in described
    assert "Auto-negotiation does not offer what the other side requires in phase 2" in described
    assert "in phase 1: create" not in described
    assert page.context["new_ike"]["key_lifetime"].value() == 2700
    assert page.context["new_ipsec"]["encryption_algorithm"].value() == "aes128gcm16"
    assert page.context["new_ipsec"]["key_lifetime"].value() == 3600
