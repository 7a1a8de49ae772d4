"""API keys, the audit trail and the admin site's own log: to read, and keys to revoke."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from console.core.actor import Via
from console.core.admin.base import ReadOnlyAdmin, admin_actor, each
from console.core.models import ApiKey, AuditEvent, Invitation, KnownNetwork, PasswordFailures, SignInSession
from console.core.services import revoke_api_key

# The actions offered are those of this many latest events.
_LATEST = 10_000


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys are created in the console, where the new key is shown once."""

    hidden = ("digest",)
    actions = ("revoke",)
    list_display = ("name", "hint", "account", "role", "live", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("role", ("revoked_at", admin.EmptyFieldListFilter), "account")
    list_select_related = ("account",)
    search_fields = ("name", "hint", "created_by", "account__name")
    ordering = ("-created_at",)

    @admin.display(description="usable", boolean=True)
    def live(self, key: ApiKey) -> bool:
        return key.usable

    @admin.action(description="Revoke selected keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        done, _ = each(queryset, lambda key: revoke_api_key(admin_actor(request, key.account_id), key.pk))
        self.message_user(request, f"Revoked: {done}.", messages.SUCCESS)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Administrators of an account create and revoke invitations in the console."""

    hidden = ("digest",)
    list_display = (
        "label",
        "account",
        "role",
        "created_by",
        "created_at",
        "expires_at",
        "accepted_by",
        "revoked_at",
    )
    list_filter = ("role", ("accepted_at", admin.EmptyFieldListFilter), "account")
    list_select_related = ("account", "accepted_by")
    search_fields = ("label", "email", "created_by", "account__name")


class ViaFilter(admin.SimpleListFilter):
    title, parameter_name = "via", "via"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(via.value, via.value) for via in Via]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(via=self.value()) if self.value() else queryset


class ActionFilter(admin.SimpleListFilter):
    """The actions of the latest events: reading all events would become slower with each."""

    title, parameter_name = "action", "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        latest = AuditEvent.objects.order_by("-pk").values_list("action", flat=True)[:_LATEST]
        chosen = request.GET.get(self.parameter_name, "")
        return [(action, action) for action in sorted({*latest, chosen} - {""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Filters query no more than they show, since the audit trail grows without limit."""

    list_display = ("at", "who", "via", "action", "target_name", "account", "address")
    list_filter = (("at", admin.DateFieldListFilter), ViaFilter, ActionFilter, "account")
    show_facets = admin.ShowFacets.NEVER
    list_select_related = ("account",)
    search_help_text = "Who, action, target, address or request id."
    search_fields = ("who", "action", "target_name", "target_id", "request_id", "address")


@admin.register(PasswordFailures)
class PasswordFailuresAdmin(ReadOnlyAdmin):
    """Wrong passwords by user name and address; they are deleted when the wait is over."""

    actions = ("release",)
    list_display = ("began_at", "name", "network", "failures", "locked", "locked_until")
    list_filter = (("locked_until", admin.EmptyFieldListFilter),)
    search_fields = ("name", "network")
    ordering = ("-began_at",)

    @admin.display(description="must wait", boolean=True)
    def locked(self, row: PasswordFailures) -> bool:
        return row.locked_until is not None and row.locked_until > timezone.now()

    @admin.action(description="Let the selected names and addresses try again")
    def release(self, request: HttpRequest, queryset: QuerySet[PasswordFailures]) -> None:
        self.message_user(request, f"May try again: {queryset.delete()[0]}.", messages.SUCCESS)


@admin.register(SignInSession)
class SignInSessionAdmin(ReadOnlyAdmin):
    """Who is signed in, from where. The key is as secret as the cookie."""

    hidden = ("session_key",)
    list_display = ("user", "began_at", "seen_at", "address", "browser")
    list_select_related = ("user",)
    search_fields = ("user__username", "address", "browser")
    ordering = ("-seen_at",)


@admin.register(KnownNetwork)
class KnownNetworkAdmin(ReadOnlyAdmin):
    """Addresses of people that wrong passwords from elsewhere cannot lock out."""

    list_display = ("user", "network", "seen_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "network")
    ordering = ("-seen_at",)


# The console sends no e-mail to addresses that people confirm themselves.
admin.site.unregister(EmailAddress)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    list_display = ("action_time", "user", "content_type", "object_repr", "change")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("user__username", "object_repr", "object_id")
    date_hierarchy = "action_time"

    @admin.display(description="change")
    def change(self, entry: LogEntry) -> str:
        return str(entry.get_change_message())
