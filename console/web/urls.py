"""Pages about people, and the manual."""

from __future__ import annotations

from django.urls import path

from console.web import views

urlpatterns = [
    path("sign-in", views.sign_in, name="sign_in"),
    path("sign-out", views.sign_out, name="sign_out"),
    path("account", views.switch_account, name="switch_account"),
    path("keys", views.api_keys, name="api_keys"),
    path("keys/<uuid:key_id>/revoke", views.revoke_api_key, name="api_key_revoke"),
    path("manual", views.manual, name="manual_index"),
    path("manual/<slug:slug>", views.manual, name="manual"),
]
