from __future__ import annotations

from uuid import uuid4

import pytest

from console.core.actor import Actor, Role, Via
from console.core.errors import NotAllowed


@pytest.mark.parametrize("needed", list(Role))
@pytest.mark.parametrize("held", list(Role))
def test_a_role_includes_those_before_it(held: Role, needed: Role) -> None:
    actor = Actor(uuid4(), "ana", held, Via.API)
    order = ["viewer", "operator", "editor", "administrator"]
    allowed = order.index(held.value) >= order.index(needed.value)
    assert actor.may(needed) is allowed
    if allowed:
        actor.require(needed)
    else:
        with pytest.raises(NotAllowed) as refusal:
            actor.require(needed)
        assert needed.value in refusal.value.violations[0].message
