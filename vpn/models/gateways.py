"""Gateways and their members: wanted columns above, observed columns below the line.

Only services write wanted columns, only `vpn.reconcile` writes observed ones.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models

from console.core.models.base import Resource
from vpn.domain.spec import MemberRole
from vpn.domain.states import HealthState, LifecycleState, status_of
from vpn.models.networks import Subnet, Vpc

_LIFECYCLE = [(state.value, state.name.title()) for state in LifecycleState]
_HEALTH = [(state.value, state.name.title()) for state in HealthState]


class Gateway(Resource):
    """`public_address` belongs to the gateway until its row is deleted. `stamp` changes with every
    change that a page shows.

    `observed_ticks` orders observations by the monotonic clock of the host in that boot; `due_ticks`
    says by the same clock when the next run is due. A run is also due while `work_done` differs from
    `work_requested`: the count of requests, and that count when the last observation began."""

    audit_type: ClassVar[str] = "vpn_gateway"
    vpc = models.ForeignKey(Vpc, on_delete=models.PROTECT, related_name="gateways")
    subnet = models.ForeignKey(Subnet, on_delete=models.PROTECT, related_name="gateways")
    mode = models.CharField(max_length=8, default="policy")
    public_address = models.GenericIPAddressField(protocol="IPv4", unique=True)
    node = models.CharField(max_length=64)
    generation = models.PositiveBigIntegerField(default=1)
    deleted_at = models.DateTimeField(null=True, editable=False)

    # Observed
    observed_generation = models.PositiveBigIntegerField(default=0)
    lifecycle_state = models.CharField(
        max_length=16, choices=_LIFECYCLE, default=LifecycleState.PENDING.value
    )
    lifecycle_reasons = models.JSONField(default=list)
    health_state = models.CharField(max_length=16, choices=_HEALTH, default=HealthState.INAPPLICABLE.value)
    health_reasons = models.JSONField(default=list)
    available_at = models.DateTimeField(null=True, editable=False)
    observed_at = models.DateTimeField(null=True, editable=False)
    stamp = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    observed_boot = models.CharField(max_length=36, blank=True, editable=False)
    observed_ticks = models.BigIntegerField(default=0, editable=False)
    due_ticks = models.BigIntegerField(default=0, editable=False)
    work_requested = models.PositiveBigIntegerField(default=0, editable=False)
    work_done = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "VPN gateway"
        constraints = [
            models.UniqueConstraint(
                fields=["vpc", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="one_gateway_name_per_vpc",
            )
        ]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]

    @property
    def status(self) -> str:
        """As in older versions of the API."""
        return status_of(self.lifecycle_state, self.health_state, deleting=self.deleted_at is not None)


class GatewayMember(models.Model):
    """One of the pair; `index` 0 is active first."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="members")
    index = models.PositiveSmallIntegerField()
    private_address = models.GenericIPAddressField(protocol="IPv4")

    # Observed
    role = models.CharField(max_length=8, choices=[(r.value, r.value) for r in MemberRole], default="standby")
    health_state = models.CharField(max_length=16, choices=_HEALTH, default=HealthState.INAPPLICABLE.value)
    health_reasons = models.JSONField(default=list)

    class Meta:
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["gateway", "index"], name="one_member_per_index")]

    def __str__(self) -> str:
        return f"member {self.index + 1} of {self.gateway_id}"
