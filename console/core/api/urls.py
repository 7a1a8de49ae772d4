"""Routes of the console's own part of the API; what no app knows is `invalid_route`."""

from django.urls import path

from console.core.api.resource_groups import ResourceGroupsView, ResourceGroupView
from console.core.api.views import RootView

urlpatterns = [
    path("", RootView.as_view(), name="api-root"),
    path("/resource_groups", ResourceGroupsView.as_view(), name="api-resource-groups"),
    path("/resource_groups/<str:group_id>", ResourceGroupView.as_view(), name="api-resource-group"),
]
