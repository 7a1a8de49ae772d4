"""Accounts, resource groups, people and their memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from console.core import services
from console.core.actor import Role, Via
from console.core.admin.base import ServiceAdmin, ServiceForm, Values, admin_actor
from console.core.admin.choices import RowChoices
from console.core.api.links import origin
from console.core.audit import record_person
from console.core.errors import Invalid
from console.core.models import Account, Membership, ResourceGroup, User
from console.core.origin import client_address
from console.core.services import administration
from console.core.services.accounts import create_person_without_password, free_username
from console.core.services.password_links import create_password_link
from console.core.web.members import remaining_keys

if TYPE_CHECKING:
    ChangeForm = UserChangeForm[User]
    StockUserAdmin = UserAdmin[User]
else:
    ChangeForm = UserChangeForm
    StockUserAdmin = UserAdmin


class AccountForm(ServiceForm):
    """An empty `quotas` means none: the limits of the settings apply."""

    clearable = ("quotas",)


@admin.register(Account)
class AccountAdmin(ServiceAdmin):
    """`quotas` overrides the limits of the settings by name, such as {"gateways": 50}."""

    form = AccountForm
    settable = ("name",)
    changeable = ("name", "quotas", "api_keys_read_psk")
    shown = ("id", "created_at")
    list_display = ("name", "id", "quotas", "created_at", "act")
    search_fields = ("name", "id")
    ordering = ("name",)

    def get_urls(self) -> list[URLPattern]:
        """Also serves the row choices of all forms of the site."""
        choices = self.admin_site.admin_view(RowChoices.as_view(admin_site=self.admin_site))
        return [path("choices/", choices, name="row_choices"), *super().get_urls()]

    def create(self, request: HttpRequest, values: Values) -> Account:
        name, who = values.get("name", ""), request.user.get_username()
        return services.create_account(name, who=who, via=Via.ADMIN)

    def update(self, request: HttpRequest, row: Account, values: Values) -> Account:
        if "quotas" in values and values["quotas"] is None:
            values["quotas"] = {}
        return administration.update_account(admin_actor(request, row.pk), **values)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="act as")
    def act(self, account: Account) -> SafeString:
        """A button of the form that the template renders below the change list."""
        return format_html(
            '<button class="act" form="act-as" name="account" value="{}">Act<span class="visually-hidden">'
            " in {}</span></button>",
            account.pk,
            account.name,
        )


@admin.register(ResourceGroup)
class ResourceGroupAdmin(ServiceAdmin):
    settable = ("account", "name")
    changeable = ("name",)
    shown = ("id", "is_default", "created_at")
    autocomplete_fields = ("account",)
    list_display = ("name", "account", "is_default", "id", "created_at")
    list_filter = ("is_default", "account")
    list_select_related = ("account",)
    search_fields = ("name", "id", "account__name")
    ordering = ("account__name", "name")

    def create(self, request: HttpRequest, values: Values) -> ResourceGroup:
        actor = admin_actor(request, values["account"].pk)
        return administration.create_resource_group(actor, values["name"])

    def update(self, request: HttpRequest, row: ResourceGroup, values: Values) -> ResourceGroup:
        if "name" not in values:
            return row
        actor = admin_actor(request, row.account_id)
        return administration.rename_resource_group(actor, row.pk, values["name"])

    def remove(self, request: HttpRequest, row: ResourceGroup) -> None:
        administration.delete_resource_group(admin_actor(request, row.account_id), row.pk)


@admin.register(Membership)
class MembershipAdmin(ServiceAdmin):
    settable = ("account", "user", "role")
    changeable = ("role",)
    shown = ("created_at",)
    list_display = ("user", "account", "role", "created_at")
    list_filter = ("role", "account")
    list_select_related = ("user", "account")
    search_fields = ("user__username", "user__email", "account__name")
    ordering = ("account__name", "user__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Members are added by invitation only."""
        return False

    def update(self, request: HttpRequest, row: Membership, values: Values) -> Membership:
        if "role" not in values:
            return row
        return services.set_role(admin_actor(request, row.account_id), row.pk, Role(values["role"]))

    def remove(self, request: HttpRequest, row: Membership) -> None:
        left = services.remove_member(admin_actor(request, row.account_id), row.pk)
        if left:
            messages.warning(request, remaining_keys(left, str(row.user)))


class PersonForm(ChangeForm):
    """Nobody locks themselves out of the admin site; names follow the rule of the service."""

    me: User

    def clean_username(self) -> str:
        try:
            return free_username(self.cleaned_data["username"], exclude=self.instance.pk)
        except Invalid as error:
            raise ValidationError([violation.message for violation in error.violations]) from None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.instance.pk == self.me.pk:
            for name in ("is_active", "is_superuser"):
                if name in data and not data[name]:
                    self.add_error(name, "You cannot remove this from yourself; another superuser can.")
        return data


@admin.register(User)
class PersonAdmin(StockUserAdmin):
    """People are deactivated, never deleted, so that the audit trail still refers to them."""

    form = PersonForm
    add_form = ServiceForm
    list_display = ("username", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "memberships__role")
    search_fields = ("username", "email", "first_name", "last_name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_superuser"), "description": "Roles come from memberships."}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "is_superuser")}),)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kind = super().get_form(request, obj, change=change, **kwargs)
        return type(kind.__name__, (kind,), {"me": request.user, "write": _write_person})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # Staff without all rights would see an empty admin site.
        obj.is_staff = obj.is_superuser
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Creates a link by which the person sets their own password, and shows it once."""
        person = self.get_object(request, unquote(id))
        if person is None or not self.has_change_permission(request, person):
            raise Http404
        link = ""
        if request.method == "POST" and person.is_active:
            uid, token = create_password_link(
                person, maker=cast(User, request.user), who=str(request.user), **_trace(request)
            )
            link = origin(request) + reverse("password_link", kwargs={"uid": uid, "token": token})
        context = {
            **self.admin_site.each_context(request),
            "title": f"Password link for {person.username}",
            "person": person,
            "link": link,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/console/user/password_link.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _record(request, "person.create", obj, ["username"])
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Records edits and new passwords; Django's message names the fields."""
        parts = message if isinstance(message, list) else []
        fields = [name for part in parts for name in part.get("changed", {}).get("fields", [])]
        if fields:
            _record(request, "person.update", obj, fields)
        return super().log_change(request, obj, message)


def _record(request: HttpRequest, action: str, person: Any, fields: list[str]) -> None:
    trace = _trace(request)
    record_person(action, person, fields, who=str(request.user), via=Via.ADMIN, **trace)


class _Trace(TypedDict):
    address: str
    request_id: str


def _trace(request: HttpRequest) -> _Trace:
    return {"address": client_address(request.META), "request_id": getattr(request, "request_id", "")}


def _write_person(form: ServiceForm, row: User | None, values: Values) -> User:
    return create_person_without_password(
        values.get("username", ""),
        email=values.get("email", ""),
        is_superuser=bool(values.get("is_superuser")),
    )
