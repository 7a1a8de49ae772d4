"""Step 3: auto-negotiation, existing policies with their weaknesses, and a new one."""

from __future__ import annotations

import pytest
from django.test import Client

from console.core.errors import Violation
from policies.models import IKEPolicy, IPsecPolicy
from tests.factories import Party, make_ike_policy, make_ipsec_policy, make_subnet, raise_quotas
from tests.pages import text_of
from tests.vpn.web.wizard.walk import CONNECTION, HTMX
from vpn.models import Connection, WizardDraft
from vpn.web.wizard import security as wizard_security
from vpn.web.wizard.security import auto_phases

IKE = {
    "ike-name": "right-here",
    "ike-ike_version": "2",
    "ike-encryption_algorithm": "aes256",
    "ike-authentication_algorithm": "sha256",
    "ike-dh_group": "14",
    "ike-key_lifetime": "28800",
}


@pytest.fixture
def browser(ana: Party) -> Client:
    return ana.browser()


@pytest.fixture
def third(ana: Party, browser: Client) -> str:
    """The path of step 3, with a gateway and a connection behind."""
    response = browser.post("/gateways/new", {"name": "edge", "subnet": str(make_subnet(ana).pk)})
    second = str(response.headers["Location"])
    return str(browser.post(second, CONNECTION).headers["Location"])


def of(third: str, step: str) -> str:
    return third.replace("/security", step)


def test_auto_negotiation_is_explained_by_its_own_tables(browser: Client, third: str) -> None:
    first, second = auto_phases()
    assert [row.word for row in first.rows] == [
        "aes256",
        "aes128",
        "3des",
        "sha256",
        "sha1",
        "md5",
        "14",
        "5",
        "2",
    ]
    assert {row.use for row in second.rows} == {"Encryption", "Authentication"}
    page = text_of(browser.get(third))
    assert "Phase 1 (IKE), lifetime 28800 s" in page and "MUST NOT in RFC 8247" in page


def test_policies_are_offered_with_their_weaknesses(ana: Party, browser: Client, third: str) -> None:
    weak = make_ike_policy(ana, "old", encryption_algorithm="triple_des", dh_group=2)
    ipsec = make_ipsec_policy(ana, "good")
    page = text_of(browser.get(third))
    assert "DH group 2" in page and "within reach of well-funded attackers" in page
    chosen = {"ike_policy": str(weak.pk), "ipsec_policy": str(ipsec.pk)}
    assert browser.post(third, chosen).headers["Location"] == of(third, "/review")
    shown = text_of(browser.get(of(third, "/review")))
    assert "old" in shown and "well-funded attackers" in shown and str(weak.pk) in shown
    browser.post(of(third, "/review"))
    row = Connection.objects.get()
    assert (row.ike_policy, row.ipsec_policy) == (weak, ipsec)


def test_a_policy_of_others_cannot_be_selected(ben: Party, browser: Client, third: str) -> None:
    theirs = make_ike_policy(ben, "hidden-one")
    response = browser.post(third, {"ike_policy": str(theirs.pk)})
    assert response.status_code == 200 and "hidden-one" not in text_of(response)
    assert WizardDraft.objects.get().data["security"] == {}


def test_a_policy_is_created_here_and_selected(browser: Client, third: str) -> None:
    response = browser.post(third, IKE | {"go": "create:ike"})
    policy = IKEPolicy.objects.get()
    assert response.headers["Location"] == third
    assert f'value="{policy.pk}" checked' in text_of(browser.get(third))
    fields = {"ipsec-encryption_algorithm": "aes128", "ipsec-authentication_algorithm": "sha256"}
    fields |= {"ipsec-pfs": "group_14", "ipsec-name": "too", "ike_policy": str(policy.pk)}
    browser.post(f"{third}?to=review", fields | {"go": "create:ipsec"})
    chosen = WizardDraft.objects.get().data["security"]
    assert chosen == {"ike_policy": str(policy.pk), "ipsec_policy": str(IPsecPolicy.objects.get().pk)}


def test_errors_of_a_new_policy_are_shown_beside_it(ana: Party, browser: Client, third: str) -> None:
    page = text_of(browser.post(third, IKE | {"ike-name": "1", "ike-key_lifetime": "5", "go": "create:ike"}))
    assert 'id="id_ike-name_error"' in page and "A name begins" in page and 'value="5"' in page
    raise_quotas(ana, ike_policies=0)
    page = text_of(browser.post(third, IKE | {"go": "create:ike"}))
    assert "limit of 0" in page
    assert not IKEPolicy.objects.exists()
    browser.post(third, {"go": "drop:ike"})
    assert browser.post(third, {"go": "create:other"}).headers["Location"] == of(third, "/review")


def test_a_policy_that_was_filled_in_is_not_thrown_away(browser: Client, third: str) -> None:
    described = "This policy is not created yet: press Create and select the IKE policy, or Discard it."
    page = text_of(browser.post(third, IKE | {"ike-dh_group": "20"}))
    assert described in page and 'value="right-here"' in page and "Discard it" in page
    assert browser.post(third, IKE | {"go": "back"}).headers["Location"] == of(third, "/connection")
    assert browser.get(third).context["new_ike"]["name"].value() == "right-here"
    # Neither by the link of the steps.
    assert [wrong.message for wrong in browser.get(of(third, "/review")).context["errors"]] == [described]
    browser.post(of(third, "/review"))
    assert not Connection.objects.exists()
    assert browser.post(third, {"go": "drop:ike"}).headers["Location"] == third
    assert browser.get(third).context["new_ike"]["name"].value() is None
    assert browser.post(third, {}).headers["Location"] == of(third, "/review")


def test_fields_left_as_they_begin_are_no_policy(browser: Client, third: str) -> None:
    form = browser.get(third).context["new_ike"]
    boxes = [bound.name for bound in form.boxes]
    posted = {form[name].html_name: form[name].value() or "" for name in form.fields if name not in boxes}
    assert browser.post(third, posted).headers["Location"] == of(third, "/review")


def test_the_enter_key_creates_what_was_entered(browser: Client, third: str) -> None:
    assert 'value="enter" tabindex="-1"' in text_of(browser.get(third))
    ipsec = {"ipsec-encryption_algorithm": "aes128", "ipsec-name": "too"}
    browser.post(third, IKE | ipsec | {"go": "enter"})
    assert IKEPolicy.objects.get().name == "right-here" and not IPsecPolicy.objects.exists()
    # What was begun of the other policy is kept meanwhile.
    assert browser.get(third).context["new_ipsec"]["name"].value() == "too"
    browser.post(third, {"go": "drop:ipsec"})
    assert browser.post(third, {"go": "enter"}).headers["Location"] == of(third, "/review")


def test_fields_of_a_new_policy_are_checked_as_they_are_left(browser: Client, third: str) -> None:
    headers = HTMX | {"HX-Trigger-Name": "ike-name"}
    check = of(third, "/check/ike")
    assert "A name begins" in text_of(browser.post(check, IKE | {"ike-name": "1"}, headers=headers))
    assert text_of(browser.post(check, IKE, headers=headers)).strip() == ""
    assert browser.get(third).context["new_ike"]["name"].value() == "right-here", "a draft keeps it"
    assert browser.get(check).status_code == 405


def test_back_and_forth_keeps_the_choice(ana: Party, browser: Client, third: str) -> None:
    policy = make_ike_policy(ana)
    response = browser.post(third, {"ike_policy": str(policy.pk), "go": "back"})
    assert response.headers["Location"] == of(third, "/connection")
    assert f'value="{policy.pk}" checked' in text_of(browser.get(third))


def test_violations_of_a_policy_are_shown_beside_it(
    browser: Client, third: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [Violation("validation_failure", "ike_policy", "Both need the same IKE policy.")]
    monkeypatch.setattr(wizard_security, "connection_violations", lambda *_: said)
    assert "Both need the same IKE policy." in text_of(browser.post(third, {}))
