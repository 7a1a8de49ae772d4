"""The base of every row of a tenant."""

from __future__ import annotations

from typing import Self, TypeVar
from uuid import uuid4

from django.db import models
from django.utils import timezone

from console.core.actor import Actor

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class ResourceQuerySet(models.QuerySet[Row_co]):
    """Rows of tenants."""

    def owned_by(self, actor: Actor) -> Self:
        """Only the rows of the actor's account: the first call of every query."""
        return self.filter(account_id=actor.account_id)


ResourceManager = models.Manager.from_queryset(ResourceQuerySet)


class Resource(models.Model):
    """A named object of an account. `created_at` and `id` together are the keyset of its lists."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    account = models.ForeignKey("console.Account", on_delete=models.PROTECT, related_name="+")
    resource_group = models.ForeignKey("console.ResourceGroup", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=63)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ResourceManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name
