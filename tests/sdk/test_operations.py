"""The document's operations have the names of the SDK's methods."""

from __future__ import annotations

import pytest
from ibm_vpc import VpcV1

from console.core.api.openapi.document import document
from console.core.api.versions import FORMS, ApiVersion

# Not of the SDK for VPCs.
OTHERS = {"list_collections", "list_resource_groups", "get_resource_group", "create_token"}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_each_is_a_method(form: ApiVersion) -> None:
    names = {one["operationId"] for path in document(form)["paths"].values() for one in path.values()}
    assert names > OTHERS
    assert {name for name in names - OTHERS if not callable(getattr(VpcV1, name, None))} == set()
