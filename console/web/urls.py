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
    path("members", views.members, name="members"),
    path("members/<int:membership_id>/role", views.set_member_role, name="member_role"),
    path("members/<int:membership_id>/remove", views.remove_member, name="member_remove"),
    path("manual", views.manual, name="manual_index"),
    path("manual/<slug:slug>", views.manual, name="manual"),
]
