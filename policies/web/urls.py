"""Routes of the policy pages; each passes its kind to the view."""

from __future__ import annotations

from django.urls import URLPattern, path

from policies.web import views


def _of(kind: str) -> list[URLPattern]:
    known = {"kind": kind}
    every = f"policies/{kind}"
    one = f"{every}/<uuid:policy_id>"
    return [
        path(every, views.policy_list, known, name=f"{kind}_policies"),
        path(f"{every}/bulk", views.policies_bulk, known, name=f"{kind}_policies_bulk"),
        path(f"{every}/new", views.policy_new, known, name=f"{kind}_policy_new"),
        path(one, views.policy_page, known, name=f"{kind}_policy"),
        path(f"{one}/edit", views.policy_edit, known, name=f"{kind}_policy_edit"),
        path(f"{one}/clone", views.policy_clone, known, name=f"{kind}_policy_clone"),
        path(f"{one}/delete", views.policy_delete, known, name=f"{kind}_policy_delete"),
    ]


urlpatterns = [path("policies", views.policies, name="policies"), *_of("ike"), *_of("ipsec")]
