"""Password rules in addition to Django's: a maximum length, and no simple patterns."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from console.core.models import User

# Rows of common keyboards: a neighbour in a row is as easily guessed as the next letter.
_ROWS = (
    "1234567890",
    "0987654321",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
)
# A shorter name is part of many words.
_SHORTEST_NAME = 3
_NEIGHBOURS = frozenset(pair for row in _ROWS for pair in (*pairwise(row), *pairwise(reversed(row))))


class MaximumLengthValidator:
    """Limits the length, since a password is read, compared and hashed."""

    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(
                f"This password has {len(password)} characters; at most {self.max_length} are allowed.",
            )

    def get_help_text(self) -> str:
        return f"Your password can have at most {self.max_length} characters."


class PatternValidator:
    """Refuses repetitions (aaaa, abcabc), sequences (1234, dcba) and rows of the keyboard (qwerty).

    At least `least` characters must not follow from the one before.
    """

    def __init__(self, least: int = 6) -> None:
        self.least = least

    def validate(self, password: str, user: object = None) -> None:
        if unpredictable(password) < self.least:
            raise ValidationError(
                "This password is a repetition or a sequence of characters; use unrelated words.",
            )

    def get_help_text(self) -> str:
        return "Your password cannot be a repetition or a sequence, such as abcabcabcabc or 123456789012."


class OwnNameValidator(UserAttributeSimilarityValidator):
    """Also refuses the user name repeated or padded, such as annaanna2026: without it, at least `least`
    characters must not follow from the one before."""

    def __init__(self, least: int = 6) -> None:
        super().__init__()
        self.least = least

    def validate(self, password: str, user: User | None = None) -> None:
        super().validate(password, user)
        name, word = user.get_username().casefold() if user else "", password.casefold()
        if (
            len(name) >= _SHORTEST_NAME
            and name in word
            and unpredictable(word.replace(name, "")) < self.least
        ):
            raise ValidationError("The password is too similar to the username.")


class PaddedCommonValidator(CommonPasswordValidator):
    """Also refuses a common password that is repeated, or padded with digits and punctuation marks."""

    def validate(self, password: str, user: object = None) -> None:
        word = password.casefold()
        for form in (word, word[: period(word)], _letters(word), _letters(word[: period(word)])):
            if form in self.passwords:
                raise ValidationError(
                    "This password is a common one, or a common one with digits or punctuation added.",
                )


def period(text: str) -> int:
    """The length of the shortest prefix that, repeated and truncated, is the whole text."""
    borders = [0] * len(text)
    border = 0
    for place in range(1, len(text)):
        while border and text[place] != text[border]:
            border = borders[border - 1]
        border += text[place] == text[border]
        borders[place] = border
    return len(text) - border


def unpredictable(password: str) -> int:
    """How many characters of a password neither repeat, continue nor neighbour the one before."""
    text = password.casefold()
    text = text[: period(text)]
    return bool(text) + sum(not _follows(one, two) for one, two in pairwise(text))


def _follows(one: str, two: str) -> bool:
    return abs(ord(one) - ord(two)) <= 1 or (one, two) in _NEIGHBOURS


def _letters(word: str) -> str:
    start, end = 0, len(word)
    while start < end and not word[start].isalpha():
        start += 1
    while end > start and not word[end - 1].isalpha():
        end -= 1
    return word[start:end]
