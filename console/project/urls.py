"""All routes of the product."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from console.core.api.identity import token
from console.core.api.openapi.views import GENERATIONS, openapi_document, openapi_page
from console.core.api.outside import unknown_route
from console.core.web.sign_in import to_sign_in
from console.project.health import alive, ready

urlpatterns = [
    path("livez", alive, name="livez"),
    path("readyz", ready, name="readyz"),
    path("identity/token", token, name="identity-token"),
    path("openapi", openapi_page, name="openapi"),
    *(
        path(
            f"openapi/generation-{generation}.{kind}",
            openapi_document,
            {"generation": generation, "kind": kind},
            name="openapi_document",
        )
        for generation in GENERATIONS
        for kind in ("json", "yaml")
    ),
    path("v1", include("vpn.api.urls")),
    path("v1", include("policies.api.urls")),
    path("v1", include("console.core.api.urls")),
    re_path(r"^v1(?:/.*)?$", unknown_route),
    # One sign-in page with one lockout, and one page for passwords.
    path("admin/login/", to_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    path("", include("console.core.web.urls")),
    path("", include("policies.web.urls")),
    path("", include("vpn.web.urls")),
]
handler400 = "console.core.api.outside.bad_request"
handler403 = "console.core.api.outside.permission_denied"
handler404 = "console.core.api.outside.page_not_found"
handler500 = "console.core.api.outside.server_error"
