"""Hosts, and the networks that gateways are attached to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from console.core.models.base import Resource


class Node(models.Model):
    """A host that carries a data plane; its worker serves the queue `node.<name>`."""

    name = models.CharField(primary_key=True, max_length=64)
    driver = models.CharField(max_length=16)
    esp = models.CharField(max_length=16, blank=True)
    # Counts heartbeats; readers compare them by their own clocks.
    heartbeats = models.PositiveBigIntegerField(default=0, editable=False)
    # Last heartbeat of either process of the host; when its last sweep ended; when the listener's event
    # loop last polled.
    seen_at = models.DateTimeField(default=timezone.now)
    sweep_seen_at = models.DateTimeField(null=True)
    listener_seen_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Vpc(Resource):
    """`node` carries it, with all its gateways; `generation` counts changes of its network."""

    audit_type: ClassVar[str] = "vpc"
    address_prefix_management = models.CharField(max_length=8, default="auto")
    classic_access = models.BooleanField(default=False)
    node = models.CharField(max_length=64)
    generation = models.PositiveBigIntegerField(default=1)
    observed_generation = models.PositiveBigIntegerField(default=0)
    failure = models.TextField(blank=True)

    class Meta:
        verbose_name = "VPC"
        verbose_name_plural = "VPCs"
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_vpc_name")]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]


class AddressPrefix(Resource):
    """A block of a VPC in one zone, out of which subnets are cut; `is_default` is used first in its zone."""

    audit_type: ClassVar[str] = "address_prefix"
    vpc = models.ForeignKey(Vpc, on_delete=models.CASCADE, related_name="address_prefixes")
    zone = models.CharField(max_length=32)
    cidr = models.CharField(max_length=18)
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "address prefixes"
        constraints = [models.UniqueConstraint(fields=["vpc", "name"], name="one_prefix_name")]


class Subnet(Resource):
    """A block of a VPC in one zone, within one of its address prefixes."""

    audit_type: ClassVar[str] = "subnet"
    vpc = models.ForeignKey(Vpc, on_delete=models.PROTECT, related_name="subnets")
    zone = models.CharField(max_length=32)
    ipv4_cidr_block = models.CharField(max_length=18)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vpc", "name"], name="one_subnet_name"),
            models.UniqueConstraint(fields=["vpc", "ipv4_cidr_block"], name="one_subnet_block"),
        ]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]


class Instance(Resource):
    """A host with an address in its subnet; `profile` and `image` are stored only."""

    audit_type: ClassVar[str] = "instance"
    subnet = models.ForeignKey(Subnet, on_delete=models.PROTECT, related_name="instances")
    address = models.GenericIPAddressField(protocol="IPv4")
    profile = models.CharField(max_length=63, blank=True)
    image = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subnet", "name"], name="one_instance_name")]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]


class SubnetAddress(models.Model):
    """An address of a subnet that is taken, by a member or an instance (`owner`)."""

    subnet = models.ForeignKey(Subnet, on_delete=models.CASCADE, related_name="addresses")
    address = models.GenericIPAddressField(protocol="IPv4")
    owner = models.UUIDField(db_index=True)

    class Meta:
        verbose_name_plural = "subnet addresses"
        constraints = [models.UniqueConstraint(fields=["subnet", "address"], name="one_owner_per_address")]

    def __str__(self) -> str:
        return self.address
