"""The manual's anchors and what every page has around its text do not get in each other's way."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from console.core.web.manual import MANUAL
from tests.factories import Party

pytestmark = pytest.mark.django_db


def test_ids_are_unique(ana: Party) -> None:
    """The page's own parts, such as the menu of the account, have ids too."""
    browser = ana.browser()
    ana.user.is_superuser = True
    ana.user.save()
    for slug in MANUAL:
        text = browser.get(reverse("manual", args=[slug])).content.decode()
        found = re.findall(r'\sid="([^"]+)"', text)
        assert len(found) == len(set(found)), (slug, {one for one in found if found.count(one) > 1})
