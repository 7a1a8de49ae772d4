"""The admin site of accounts, people, keys and the audit trail."""

from django.contrib import admin
from django.contrib.auth.models import Group

from console.core.admin import accounts, records
from console.core.admin.export import export

__all__ = ["accounts", "records"]

# Rights come from memberships, and each row is deleted by its service.
admin.site.unregister(Group)
admin.site.disable_action("delete_selected")
admin.site.add_action(export, "export")
admin.site.site_header = "Isthmus administration"
admin.site.site_title = "Isthmus administration"
admin.site.index_title = "Everything in this installation"
admin.site.enable_nav_sidebar = True
