"""Pages of policies; each route names its kind."""

from __future__ import annotations

from django.urls import URLPattern, path

from policies.web import views


def _of(kind: str) -> list[URLPattern]:
    known = {"kind": kind}
    one = f"policies/{kind}/<uuid:policy_id>"
    return [
        path(f"policies/{kind}/new", views.policy_new, known, name=f"{kind}_policy_new"),
        path(one, views.policy_shown, known, name=f"{kind}_policy"),
        path(f"{one}/edit", views.policy_edit, known, name=f"{kind}_policy_edit"),
        path(f"{one}/delete", views.policy_delete, known, name=f"{kind}_policy_delete"),
    ]


urlpatterns = [path("policies", views.policies, name="policies"), *_of("ike"), *_of("ipsec")]
