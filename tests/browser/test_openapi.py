"""The OpenAPI page: it reads the document, and requests that are tried out take effect."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visits import ANSWER_MILLISECONDS, Visit

pytestmark = pytest.mark.browser


def opened(visit: Visit, tag: str, operation: str) -> Locator:
    part = visit.page.locator(f"#operations-{tag}-{operation}")
    part.locator(".opblock-summary-control").click()
    part.get_by_role("button", name="Try it out").click()
    return part


def answered(part: Locator, status: str) -> None:
    part.get_by_role("button", name="Execute").click()
    column = part.locator(".live-responses-table .response-col_status")
    expect(column.last).to_contain_text(status, timeout=ANSWER_MILLISECONDS)


def test_operations_are_tried_out_in_ones_own_name(visit: Visit) -> None:
    visit.go("/openapi")
    answered(opened(visit, "vpn_gateways", "list_vpn_gateways"), "200")
    create = opened(visit, "ipsec_policies", "create_ipsec_policy")
    body = create.locator("textarea.body-param__text")
    body.fill(body.input_value().replace("esp-aes256", "tried-out"))
    answered(create, "201")
    visit.go("/policies/ipsec")
    visit.sees("tried-out")


def test_the_older_generation_is_a_step_away(visit: Visit) -> None:
    visit.go("/openapi")
    visit.follow("Generation 1")
    expect(visit.page.locator(".opblock-summary-path").filter(has_text="local_cidrs").first).to_be_visible(
        timeout=ANSWER_MILLISECONDS
    )
