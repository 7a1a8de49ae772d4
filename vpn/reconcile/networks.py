"""Reconciles the network of a VPC: its subnets and instances."""

from __future__ import annotations

import logging
from uuid import UUID

from vpn.drivers.base import DriverError
from vpn.models import Vpc
from vpn.reconcile.desired import network_spec
from vpn.reconcile.driver import load_driver

log = logging.getLogger(__name__)


def reconcile_vpc(vpc_id: UUID) -> None:
    """Level-triggered: the network of a VPC without a row is removed.

    `generation` is read before the rows, so a change made meanwhile leaves `observed_generation` behind it.
    """
    driver = load_driver()
    vpc = Vpc.objects.filter(pk=vpc_id).first()
    try:
        if vpc is None:
            driver.remove_network(vpc_id)
            return
        driver.apply_network(network_spec(vpc))
    except DriverError as error:
        log.warning("network of VPC %s: %s", vpc_id, error)
        Vpc.objects.filter(pk=vpc_id).update(failure=str(error))
        return
    Vpc.objects.filter(pk=vpc_id).update(observed_generation=vpc.generation, failure="")
