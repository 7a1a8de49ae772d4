"""The admin site of IKE and IPsec policies."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from console.core.admin.base import ServiceAdmin, ServiceForm, Values, admin_actor
from policies import services
from policies.models import IKEPolicy, IPsecPolicy, Policy
from policies.strength import api_names
from policies.web.forms import IKEPolicyForm, IPsecPolicyForm, PolicyForm

_COMMON = ("name", "encryption_algorithm", "authentication_algorithm", "key_lifetime")


class SingleChoiceForm(ServiceForm):
    """Selects one algorithm of each kind; a policy with several keeps them until one is selected."""

    may_interrupt = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self, PolicyForm):
            self.keep_multiple()


class IKEForm(SingleChoiceForm, IKEPolicyForm):
    """The console's own choices, with the strength of each."""


class IPsecForm(SingleChoiceForm, IPsecPolicyForm):
    """The console's own choices, with the strength of each."""


class PolicyAdmin(ServiceAdmin):
    shown = ("id", "created_at")
    autocomplete_fields = ("account",)
    list_select_related = ("account",)
    search_fields = ("name", "id", "account__name")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        rows: QuerySet[Policy] = super().get_queryset(request)
        return rows.annotate(used_by=Count("connections"))

    @admin.display(description="encryption")
    def encryption(self, policy: Policy) -> str:
        return ", ".join(policy.encryption_algorithms)

    @admin.display(description="authentication")
    def authentication(self, policy: Policy) -> str:
        return ", ".join(policy.authentication_algorithms)

    @admin.display(description="groups")
    def groups(self, policy: IKEPolicy | IPsecPolicy) -> str:
        return api_names(policy.dh_groups if isinstance(policy, IKEPolicy) else policy.pfs_groups)

    @admin.display(description="used by", ordering="used_by")
    def users(self, policy: Policy) -> int:
        """The number of connections."""
        return int(getattr(policy, "used_by", 0))


@admin.register(IKEPolicy)
class IKEPolicyAdmin(PolicyAdmin):
    form = IKEForm
    changeable = (*_COMMON, "dh_group", "ike_version")
    settable = ("account", *changeable)
    list_display = ("name", "account", "ike_version", "encryption", "authentication", "groups", "users")
    list_filter = ("ike_version", "account")

    def create(self, request: HttpRequest, values: Values) -> IKEPolicy:
        return services.create_ike_policy(admin_actor(request, values["account"].pk), values)

    def update(self, request: HttpRequest, row: IKEPolicy, values: Values) -> IKEPolicy:
        return services.update_ike_policy(admin_actor(request, row.account_id), row.pk, values)

    def remove(self, request: HttpRequest, row: IKEPolicy) -> None:
        services.delete_ike_policy(admin_actor(request, row.account_id), row.pk)


@admin.register(IPsecPolicy)
class IPsecPolicyAdmin(PolicyAdmin):
    form = IPsecForm
    changeable = (*_COMMON, "pfs")
    settable = ("account", *changeable)
    list_display = ("name", "account", "encryption", "authentication", "groups", "users")
    list_filter = ("account",)

    def create(self, request: HttpRequest, values: Values) -> IPsecPolicy:
        return services.create_ipsec_policy(admin_actor(request, values["account"].pk), values)

    def update(self, request: HttpRequest, row: IPsecPolicy, values: Values) -> IPsecPolicy:
        return services.update_ipsec_policy(admin_actor(request, row.account_id), row.pk, values)

    def remove(self, request: HttpRequest, row: IPsecPolicy) -> None:
        services.delete_ipsec_policy(admin_actor(request, row.account_id), row.pk)
