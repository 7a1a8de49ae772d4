"""Every page as each role: what a role may not do is refused, changes nothing, and is not offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.urls import Resolver404, resolve

from console.core.actor import Role
from console.core.models import SignInSession
from tests.factories import Party
from tests.offers import Offer, offers_of
from tests.routes import ADMINISTRATOR, CHOICES, NEEDS, routes
from tests.vpn.populated import Populated, populate
from tests.vpn.web.test_tenancy import filled
from vpn.drivers.simulated.driver import SimulatedDriver

_LIVE = (
    "overview",
    "gateways",
    "connections",
    "networks",
    "gateway_status",
    "connection_status",
    "connection_log",
)
_FILES = ("/static/", "/v1", "/favicon")


@pytest.fixture
def there(ana: Party, driver: SimulatedDriver) -> Populated:
    return populate(ana, driver)


def reaches(role: Role, need: Role) -> bool:
    return role.rank >= need.rank


def visits(there: Populated, role: Role) -> Iterator[tuple[str, str]]:
    """(name, path) of every route, with each of the ids that it can be asked with."""
    for template, pattern in routes():
        for ids in there.ids(role, template):
            path = filled(template, ids)
            assert path is not None, f"the test does not know an id in {template}"
            yield str(pattern.name), path


def test_the_table_names_every_page() -> None:
    assert {str(pattern.name) for _, pattern in routes()} == set(NEEDS)


@pytest.mark.parametrize("role", Role)
def test_pages_open_by_role_and_offer_no_more(there: Populated, role: Role) -> None:
    client = there.client(role)
    wrong = []
    for name, path in visits(there, role):
        for headers in _ways(name):
            response = client.get(path, headers=headers)
            if response.status_code not in _expected(name, role):
                wrong.append(f"GET {path} ({name}): {response.status_code}")
            elif response.status_code == 200 and "text/html" in response["Content-Type"]:
                offers = offers_of(response.content.decode(), path)
                faults = [(offer, _fault(offer, role)) for offer in offers]
                wrong += [f"{path} ({name}) offers {offer}: {fault}" for offer, fault in faults if fault]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


@pytest.mark.parametrize("role", [role for role in Role if role is not ADMINISTRATOR])
def test_a_post_beyond_the_role_is_refused_and_changes_nothing(there: Populated, role: Role) -> None:
    client = there.client(role)
    before = _everything()
    wrong = []
    for name, path in visits(there, role):
        for fields, need in _posts(name):
            if not reaches(role, need):
                sent = fields | {"row": there.common["connection_id"], "confirmed": "1", "name": "changed"}
                status = client.post(path, sent).status_code
                wrong += [f"POST {path} ({name}, {fields}): {status}"] if status != 403 else []
    assert not wrong, "\n".join(wrong)
    assert _everything() == before


def test_the_least_role_is_enough(there: Populated) -> None:
    """Each route takes the POST of the role that the table names; what it does is undone."""
    fields = {"account": there.common["account_id"]}
    wrong = []
    for role in Role:
        for name, path in visits(there, role):
            need = NEEDS[name][1]
            if (need or ADMINISTRATOR) is role:
                with transaction.atomic():
                    status = there.client(role).post(path, fields).status_code
                    transaction.set_rollback(True)
                if status in (403, 404) or status >= 500 or (status == 405) != (need is None):
                    wrong.append(f"POST {path} ({name}) as {role}: {status}")
    assert not wrong, "\n".join(wrong)


def _expected(name: str, role: Role) -> set[int]:
    """Answers of a GET."""
    need = NEEDS[name][0]
    if need is None:
        return {405}
    return {200, 302, 409} if reaches(role, need) else {403}


def _ways(name: str) -> list[dict[str, str]]:
    """Headers of the GETs to try: whole pages, and what refreshes by itself."""
    return [{}, {"HX-Request": "true"}] if name in _LIVE else [{}]


def _posts(name: str) -> Iterator[tuple[dict[str, str], Role]]:
    """Fields of the POSTs to try, and the role that each needs."""
    if need := NEEDS[name][1]:
        yield {}, need
    for (known, choice), role in CHOICES.items():
        if known == name:
            yield dict([choice.split("=")]), role


def _fault(offer: Offer, role: Role) -> str:
    """Why `role` should not be offered this; empty: it may."""
    if offer.path.startswith(_FILES):
        return ""
    if offer.path.startswith("/admin"):
        return "only superusers enter"
    try:
        name = str(resolve(offer.path).url_name)
    except Resolver404:
        return "there is no such page"
    need = NEEDS[name][0 if offer.method == "GET" else 1]
    if need is None:
        return "the page does not take this"
    return "" if reaches(role, CHOICES.get((name, offer.choice), need)) else f"refused below {need}"


def _everything() -> dict[str, list[Any]]:
    """All rows of all tables of ours, but the sessions themselves: a request notes that they are in use."""
    models = [
        model
        for label in ("console", "policies", "vpn")
        for model in apps.get_app_config(label).get_models()
        if model is not SignInSession
    ]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}
