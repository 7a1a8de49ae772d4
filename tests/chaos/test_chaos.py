"""Every fault at rest and amid changes: afterwards all is as the rows say, and the pair beside noticed
nothing.

What is hit, and how long after the changes began, follows from CHAOS_SEED (else 9), so that a round can
be had again; CHAOS_ROUNDS (else 1) makes as many rounds of each fault.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.chaos.changes import AT_REST, CHANGES, Attempt, Change, create
from tests.chaos.clock import Clock
from tests.chaos.differences import settle
from tests.chaos.faults import BESIDE_TUNNELS, IN_TUNNELS, Fault
from tests.chaos.stage import CONTROL_HOSTS, Stage, staged
from tests.dataplane.parts import require_parts, small_disk
from tests.e2e.product import RIGHT_HOST
from tests.e2e.test_redis_away import server
from tests.e2e.traffic import Replies, pinging
from tests.waiting import wait_for

# On a slow machine; each round may wait for processes that are restarted because they hang.
pytestmark = [pytest.mark.dataplane, pytest.mark.timeout(600)]
SEED = int(os.environ.get("CHAOS_SEED", "9"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
# What is under way or asked for, and whether it is before the fault comes.
MOMENTS = (AT_REST, True), (CHANGES, True), (CHANGES, False)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all faults: what one leaves behind is there for the next."""
    require_parts()
    clock = Clock(tmp_path_factory.mktemp("clock") / "offset")
    with small_disk(64) as disk:
        place = disk / "broker"
        place.mkdir(mode=0o700)
        with server(place) as broker, staged(disk, broker, clock, SEED) as made:
            wait_for(lambda: create(made), 60)
            yield made


@pytest.mark.parametrize("fault", [*BESIDE_TUNNELS, *IN_TUNNELS], ids=lambda one: one.__name__)
def test_all_is_as_the_rows_say_after(stage: Stage, fault: Fault) -> None:
    settle(stage)
    hosts = {name: stage.host(name) for name in ("vsi-1", "vsi-3")}
    for moments, early in ROUNDS * MOMENTS:
        if fault in IN_TUNNELS and not early:
            # It hits what is being created, which nobody creates before it.
            continue
        with ExitStack() as pings:
            control = pings.enter_context(pinging(hosts["vsi-3"], CONTROL_HOSTS[1]))
            target = pings.enter_context(pinging(hosts["vsi-1"], RIGHT_HOST))
            strike(stage, fault, moments, early=early)
        came_whole(control)
        if fault in BESIDE_TUNNELS:
            came_whole(target)


def strike(stage: Stage, fault: Fault, moments: tuple[Attempt, ...], *, early: bool) -> None:
    """`early` changes are under way when the fault comes, others are asked for while it lasts. It lasts
    until each has had an answer."""
    stage.begin(changes=moments == CHANGES)
    changes = [Change(stage, moment) for moment in moments if early]
    if early:
        changes[0].answered.wait(stage.random.uniform(0, 0.5))
    with fault(stage):
        changes = changes or [Change(stage, moment) for moment in moments]
        for change in changes:
            change.answered.wait(10)
    for change in changes:
        change.wait_accepted(60)
    try:
        settle(stage)
    except AssertionError as error:
        names = ", ".join(moment.__name__ for moment in moments)
        raise AssertionError(f"{fault.__name__} during {names}: {error}") from error


def came_whole(replies: Replies) -> None:
    """Every ping was answered; of those of the last second the answer may have come too late to be seen."""
    assert replies.received > 20
    assert replies.lost == 0
    assert replies.cut_off < 20
