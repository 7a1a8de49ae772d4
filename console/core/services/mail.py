"""E-mail of the console; optional."""

from __future__ import annotations

import logging
import smtplib

from django.conf import settings
from django.core.mail import send_mail

log = logging.getLogger(__name__)


def mail_is_set_up() -> bool:
    return bool(settings.EMAIL_HOST)


def send_invitation_mail(address: str, *, account: str, who: str, url: str) -> bool:
    """Whether the mail server accepted it. The link is in the mail alone, not in a log."""
    subject = f"Invitation to the account {account}"
    text = (
        f"{who} invites you to the account {account} of Isthmus.\n\n"
        f"Open this link to accept, with a user name and password of your own:\n\n{url}\n\n"
        "It works once and for 7 days. If you did not expect it, ignore this message.\n"
    )
    try:
        return bool(send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [address]))
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail server %s: %s", settings.EMAIL_HOST, type(error).__name__)
        return False
