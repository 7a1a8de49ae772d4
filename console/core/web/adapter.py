"""How django-allauth checks passwords here: our limits, our audit trail, no sign-up, no messages."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from console.core import hashing
from console.core.hashing import TooManyHashes
from console.core.models import User
from console.core.origin import client_address
from console.core.services.sign_in_limits import Attempt, TooManyFailures, begin_attempt
from console.core.services.sign_ins import record_failure
from console.core.web.sources import source_of


class AccountAdapter(DefaultAccountAdapter):
    """Limits are rows of the database (console.core.services.sign_in_limits), not allauth's in the cache:
    those stop counting while Redis is unavailable. ACCOUNT_RATE_LIMITS is off for that reason."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The user name or the password is wrong. Both are case-sensitive.",
    }
    _attempt: Attempt | None = None

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request.META)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages have messages of their own."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises TooManyFailures; TooManyHashes before anything is written, so that it costs little."""
        hashing.gate().refuse_if_full()
        self._attempt = begin_attempt(credentials["username"], client_address(request.META))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The person with this name and password. Raises TooManyFailures, also when this attempt itself
        has used up a limit, and TooManyHashes."""
        try:
            user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        except TooManyHashes:
            if self._attempt:
                self._attempt.cancelled()
            raise
        if self._attempt and isinstance(user, User):
            self._attempt.succeeded(user)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        locked = self._attempt.failed() if self._attempt else 0
        again = request.user.is_authenticated
        record_failure(credentials["username"], source_of(request), locked_seconds=locked, again=again)
        if locked:
            raise TooManyFailures(locked)
