"""Pages about people, their accounts, what they did, and the manual."""

from __future__ import annotations

from django.urls import path

from console.core.web import (
    accounts,
    activity,
    invitations,
    keys,
    members,
    own_sessions,
    password_links,
    sign_in,
    theme,
    views,
)

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign_in"),
    # The name by which allauth asks for it.
    path("sign-in", sign_in.sign_in, name="account_login"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("theme", theme.set_theme, name="theme"),
    path("account", accounts.account_home, name="account_home"),
    path("account/settings", accounts.account_settings, name="account_settings"),
    path("account/leave", members.leave_account, name="account_leave"),
    path("account/switch", accounts.switch_account, name="switch_account"),
    path("account/stop", accounts.stop_impersonation, name="stop_impersonation"),
    path("account/password", sign_in.password_change, name="password_change"),
    path("account/sessions", own_sessions.sessions, name="sessions"),
    path("account/sessions/end", own_sessions.end_other_sessions, name="sessions_end"),
    path("account/sessions/<int:session_id>/end", own_sessions.end_session, name="session_end"),
    path("activity", activity.activity, name="activity"),
    path("keys", keys.api_keys, name="api_keys"),
    path("keys/<uuid:key_id>/revoke", keys.revoke_api_key, name="api_key_revoke"),
    path("members", members.members, name="members"),
    path("members/invitations/<uuid:invitation_id>", members.revoke_invitation, name="invitation_revoke"),
    path("members/<int:membership_id>/role", members.set_member_role, name="member_role"),
    path("members/<int:membership_id>/remove", members.remove_member, name="member_remove"),
    path("invitation", invitations.invitation, name="invitation"),
    path("invitations/<str:token>", invitations.open_invitation, name="invitation_link"),
    path("password-links/<str:uid>/<str:token>", password_links.open_link, name="password_link"),
    path("password-link", password_links.set_password, name="password_link_form"),
    path("manual", views.manual, name="manual_index"),
    path("manual/<slug:slug>", views.manual, name="manual"),
]
