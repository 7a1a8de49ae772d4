"""What a browser sends to the admin site."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from console.core.models import User
from tests.factories import PASSWORD


def superuser() -> Client:
    """Signed in as root, who belongs to no account."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    return client


def errors(response: Any) -> dict[str, list[str]]:
    """The messages beside the fields of a form that came back."""
    return dict(response.context["adminform"].form.errors)


def add(client: Client, kind: str, /, **fields: Any) -> Any:
    """`kind` is app and model, such as vpn_gateway."""
    return client.post(reverse(f"admin:{kind}_add"), {k: str(v) for k, v in fields.items()})


def change(client: Client, kind: str, row: Any, /, **fields: Any) -> Any:
    return client.post(reverse(f"admin:{kind}_change", args=[row.pk]), fields)


def delete(client: Client, kind: str, row: Any) -> str:
    """The page that the browser ends on."""
    url = reverse(f"admin:{kind}_delete", args=[row.pk])
    return client.post(url, {"post": "yes"}, follow=True).content.decode()
