"""Settings of every process, read from the environment; `ISTHMUS_*` are described in the README."""

from __future__ import annotations

import socket
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from console.core import environment as env
from console.core import log
from console.core.servers import mail_server, name_servers
from console.project import renamed
from vpn.drivers.registry import DRIVERS

if sys.platform == "linux":
    # Debian's SQLite is within the range of the WAL-reset bug; pysqlite3 bundles a newer one.
    import pysqlite3.dbapi2

    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = env.given_directory()
DEBUG = env.flag("ISTHMUS_DEBUG", False)
# An installation must not run without a key of its own; tests and tools get a temporary one.
SECRET_KEY = env.signing_key("ISTHMUS_SECRET_KEY") or "only-for-tests-and-checks"
ENCRYPTION_KEYS = env.sealing_keys("ISTHMUS_ENCRYPTION_KEYS")
ALLOWED_HOSTS = env.words("ISTHMUS_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("ISTHMUS_TRUSTED_ORIGINS")
BEHIND_TLS = env.flag("ISTHMUS_BEHIND_TLS", False)
TRUSTED_PROXIES = env.trusted_proxies("ISTHMUS_TRUSTED_PROXIES")

INSTALLED_APPS = [
    "allauth",
    "allauth.account",
    "console.core.apps.CoreConfig",
    "policies.apps.PoliciesConfig",
    "vpn.apps.VpnConfig",
    "console.project.apps.ProjectConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "console.core.apps.AssetsConfig",
    "django.forms",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]
MIDDLEWARE = [
    "console.core.web.middleware.RequestIdMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "console.core.web.middleware.ContentPolicyMiddleware",
    "console.core.web.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.core.web.sessions.SessionAgeMiddleware",
    "console.core.web.middleware.ActorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "console.core.web.limits.PasswordLimitMiddleware",
]
ROOT_URLCONF = "console.project.urls"
WSGI_APPLICATION = "console.project.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.core.web.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


def _database() -> dict[str, object]:
    url = env.secret("ISTHMUS_DATABASE_URL")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "isthmus.sqlite3",
            "OPTIONS": {
                # Readers never wait; a writer takes its lock at BEGIN and waits instead of failing.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                " PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=27103364;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise env.SettingError("ISTHMUS_DATABASE_URL", "must begin with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "OPTIONS": dict(parse_qsl(parts.query)),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database() | {"CONN_MAX_AGE": 600}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: "unix:///path/redis.sock" or "redis://host:6379"; empty = none (tests).
REDIS_URL = env.secret("ISTHMUS_REDIS_URL")


def redis_url(database: int, *, for_celery: bool = False) -> str:
    """Address of one Redis database; Celery and the cache spell sockets differently."""
    if REDIS_URL.startswith("unix://"):
        path = REDIS_URL.removeprefix("unix://")
        if for_celery:
            return f"redis+socket://{path}?virtual_host={database}"
        return f"unix://{path}?db={database}"
    return f"{REDIS_URL.rstrip('/')}/{database}"


CELERY_BROKER_URL = redis_url(0, for_celery=True) if REDIS_URL else "memory://"
CACHES = {
    "default": {"BACKEND": "console.core.cache.FailOpenRedisCache", "LOCATION": redis_url(1)}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

AUTH_USER_MODEL = "console.User"
# Django's backend: exact names, and one hash whether or not the name exists.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ACCOUNT_ADAPTER = "console.core.web.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = False  # They need the cache; ours (services.sign_in_limits) are rows.
# Limits on wrong passwords: for a name from an address, from an address, for a name from anywhere.
LOCKOUT_FAILURES = env.number("ISTHMUS_LOCKOUT_FAILURES", 10, least=1)
LOCKOUT_ADDRESS_FAILURES = env.number("ISTHMUS_LOCKOUT_ADDRESS_FAILURES", 20, least=1)
LOCKOUT_NAME_FAILURES = env.number("ISTHMUS_LOCKOUT_NAME_FAILURES", 100, least=1)
LOCKOUT_WINDOW = timedelta(minutes=env.number("ISTHMUS_LOCKOUT_MINUTES", 15, least=1))
# E-mail is optional: links are also shown on the page that makes them.
_mail = mail_server("ISTHMUS_SMTP_URL")
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_SSL, EMAIL_USE_TLS = _mail
EMAIL_TIMEOUT, DEFAULT_FROM_EMAIL = 5, env.text("ISTHMUS_MAIL_FROM", "isthmus@localhost")
PASSWORD_RESET_TIMEOUT = 24 * 3600
PASSWORD_HASHERS = ["console.core.hashing.BoundedArgon2Hasher"]
# Passwords that one process checks at the same time.
PASSWORD_HASHES = env.number("ISTHMUS_PASSWORD_HASHES", 1, least=1)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "console.core.validators.MaximumLengthValidator", "OPTIONS": {"max_length": 128}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "console.core.validators.OwnNameValidator"},
    {"NAME": "console.core.validators.PaddedCommonValidator"},
    {"NAME": "console.core.validators.PatternValidator"},
]
LOGIN_URL = LOGOUT_REDIRECT_URL = "sign_in"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_LIFETIME_SECONDS = env.number("ISTHMUS_SESSION_HOURS", 12, least=1) * 3600
SESSION_COOKIE_AGE = SESSION_LIFETIME_SECONDS + 24 * 3600  # The sign-in page says that a session ended.
SESSION_IDLE_SECONDS = env.number("ISTHMUS_SESSION_IDLE_MINUTES", 60) * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31536000 if BEHIND_TLS else 0
SECURE_SSL_REDIRECT = BEHIND_TLS
# Health checks come from inside, not through the proxy.
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
# Whether other hosts of the domain use TLS too is not known here.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **dict.fromkeys(("default-src", "base-uri", "frame-ancestors"), ("'none'",)),
        **dict.fromkeys(("script-src", "style-src", "font-src", "connect-src", "form-action"), ("'self'",)),
        "img-src": ["'self'", "data:"],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = ["console.core.formats"]
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "console.core.assets.AssetStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = env.number("ISTHMUS_MAX_BODY_BYTES", 65536, least=1024)
# Time limits in seconds for a request to arrive completely and for its response to be read.
REQUEST_SECONDS = env.number("ISTHMUS_REQUEST_SECONDS", 30, least=1)
# Per client address (IPv6: /64), in each web process.
CONNECTIONS_PER_ADDRESS = env.number("ISTHMUS_CONNECTIONS_PER_ADDRESS", 256, least=8)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "console.core.api.authentication.ApiKeyAuthentication",
        "console.core.api.authentication.ConsoleSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["console.core.api.authentication.HasAccount"],
    "DEFAULT_PARSER_CLASSES": [
        "console.core.api.parsers.AnyTypeJSONParser",
        "console.core.api.parsers.BrowserFormParser",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "console.core.api.renderers.IsthmusJSONRenderer",
        "console.core.api.renderers.IsthmusBrowsableRenderer",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["console.core.api.throttling.KeyRateThrottle"],
    "DEFAULT_SCHEMA_CLASS": "console.core.api.openapi.operations.Operation",
    "DEFAULT_PAGINATION_CLASS": "console.core.api.pagination.KeysetPagination",
    "EXCEPTION_HANDLER": "console.core.api.envelope.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "DEFAULT_GENERATOR_CLASS": "console.core.api.openapi.document.Generator",
    "OAS_VERSION": "3.1.1",
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Enumerations are inlined where they are used.
    "POSTPROCESSING_HOOKS": [],
}
# Requests per minute and key; 0 = no limit.
RATE_LIMIT = env.number("ISTHMUS_RATE_LIMIT", 6000)

REGION = env.text("ISTHMUS_REGION", "us-south")
ZONES = env.words("ISTHMUS_ZONES", f"{REGION}-1,{REGION}-2,{REGION}-3")
CRN_CLOUD = env.text("ISTHMUS_CRN_CLOUD", "bluemix")
# The API's base as clients see it; empty = taken from each request.
PUBLIC_URL = env.text("ISTHMUS_PUBLIC_URL").rstrip("/")
QUOTAS = {
    "vpcs": env.number("ISTHMUS_QUOTA_VPCS", 5),
    "subnets_per_vpc": env.number("ISTHMUS_QUOTA_SUBNETS_PER_VPC", 15),
    "address_prefixes_per_zone": env.number("ISTHMUS_QUOTA_ADDRESS_PREFIXES_PER_ZONE", 5),
    "instances": env.number("ISTHMUS_QUOTA_INSTANCES", 100),
    "gateways": env.number("ISTHMUS_QUOTA_GATEWAYS", 20),
    "gateways_per_zone": env.number("ISTHMUS_QUOTA_GATEWAYS_PER_ZONE", 3),
    "connections_per_gateway": env.number("ISTHMUS_QUOTA_CONNECTIONS_PER_GATEWAY", 10),
    "ike_policies": env.number("ISTHMUS_QUOTA_IKE_POLICIES", 20),
    "ipsec_policies": env.number("ISTHMUS_QUOTA_IPSEC_POLICIES", 20),
    "api_keys": env.number("ISTHMUS_QUOTA_API_KEYS", 50),
    "cidrs_per_gateway": env.number("ISTHMUS_QUOTA_CIDRS_PER_GATEWAY", 50),
    "cidrs_per_connection": env.number("ISTHMUS_QUOTA_CIDRS_PER_CONNECTION", 15),
}
# A client whose clock is ahead, or whose release is newer than today here, gets the newest form.
REFUSE_FUTURE_VERSIONS = env.flag("ISTHMUS_REFUSE_FUTURE_VERSIONS", False)
# Off: connections of one gateway may share peer CIDRs while their local CIDRs differ.
PEER_CIDRS_UNIQUE = env.flag("ISTHMUS_PEER_CIDRS_UNIQUE", True)
# Seconds without a heartbeat after which quickstart restarts a process.
HANG_SECONDS = env.number("ISTHMUS_HANG_SECONDS", 60, least=5)

# The data plane of this host.
NODE = env.text("ISTHMUS_NODE", socket.gethostname().split(".")[0])
DRIVER = env.choice("ISTHMUS_DRIVER", "simulated", tuple(DRIVERS))
CARRIES_PACKETS = DRIVERS[DRIVER].carries_packets
ESP = env.choice("ISTHMUS_ESP", "auto", ("auto", "kernel", "userspace"))
DNS_SERVERS = name_servers("ISTHMUS_DNS_SERVERS", 53)
PROVIDER_CIDR = env.text("ISTHMUS_PROVIDER_CIDR", "198.18.0.0/16")
DRIVER_DIR = Path(env.text("ISTHMUS_DRIVER_DIR") or DATA_DIR / "driver")
INSTALLATION = renamed.setting("ISTHMUS_INSTALLATION", "main")
# Cookies ignore ports: two installations on one host need different names. __Host-: this host only.
_PREFIX = "__Host-" if BEHIND_TLS else ""
SESSION_COOKIE_NAME = f"{_PREFIX}isthmus_session_{INSTALLATION}"
CSRF_COOKIE_NAME = f"{_PREFIX}isthmus_csrf_{INSTALLATION}"
HOLDER_PID = env.number("ISTHMUS_HOLDER_PID", 0)
CHARON = env.text("ISTHMUS_CHARON", "/usr/sbin/charon-systemd")
CHARON_UID = env.number("ISTHMUS_CHARON_UID", 0)
SWEEP_SECONDS = env.number("ISTHMUS_SWEEP_SECONDS", 5, least=1)
HISTORY_DAYS = env.number("ISTHMUS_HISTORY_DAYS", 90, least=1)
LOGGING = log.LOGGING
