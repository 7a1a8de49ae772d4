"""The manual's page of peer devices, made from what their configurations can be."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from tests.pages import text_of
from vpn.templatetags.manual import devices

pytestmark = pytest.mark.django_db
ABOUT = {device.vendor.slug: device for device in devices()}
GROUPS = ["DH group 22", "DH group 23", "DH group 24"]
COMBINED = ["aes128gcm16", "aes192gcm16", "aes256gcm16"]


@pytest.mark.parametrize(
    ("slug", "missing"),
    [
        ("strongswan", []),
        ("opnsense", []),
        ("vyos", []),
        ("libreswan", ["DH group 2", "DH group 22"]),
        ("fortigate", ["aes192gcm16", *GROUPS]),
        ("pfsense", ["3des", "md5"]),
        ("mikrotik", ["sha384 in phase 2", *GROUPS, "DH group 31 in phase 2"]),
    ],
)
def test_what_a_device_has_not_is_of_all_algorithms_of_the_api(slug: str, missing: list[str]) -> None:
    assert ABOUT[slug].missing == missing


def test_unwritten_and_conditional_settings_are_distinguished() -> None:
    assert ABOUT["libreswan"].unwritten == ["DH group 23", "DH group 24"]
    assert ABOUT["mikrotik"].unsure == ["sha384 in phase 1", "DH group 31 in phase 1"]
    assert ABOUT["juniper"].unsure == ["sha384 in phase 2", "sha512"]
    assert ABOUT["cisco"].only_v2 == COMBINED


def test_the_page_documents_all_of_it(client: Client) -> None:
    text = unescape(text_of(client.get(reverse("manual", args=["peers"]))))
    for device in ABOUT.values():
        for limits in (device.missing, device.unsure, device.unwritten, device.only_v2):
            assert ", ".join(limits) in text
        assert device.key_ids in text and device.retired in text
    assert "A peer that the connection knows by its name has that name as identity" in text
    assert "as type address and not as a name. Behind" not in text
