"""Reads the environment: typed, strict, secrets also from files.

Knows nothing of Django, so that `manage.py` can point settings at a quickstart data directory
before Django loads them.
"""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import NamedTuple

# Commands that need only the code, or create an installation.
_WITHOUT_INSTALLATION = frozenset(
    {"check", "collectstatic", "help", "makemigrations", "quickstart", "spectacular", "test", "version"}
)
# Where one of these is set, settings come from the environment.
_DECISIVE = ("ISTHMUS_SECRET_KEY", "ISTHMUS_ENCRYPTION_KEYS", "ISTHMUS_DATABASE_URL")

# As Django's deployment check recommends.
LEAST_SIGNING_KEY = 50
# The chance that 50 random hexadecimal digits have fewer than ten different ones is one in a million.
_LEAST_DISTINCT = 10


class DataDirError(SystemExit):
    """The data directory cannot be used; ends the process with one clear line."""

    def __init__(self, message: str) -> None:
        super().__init__(f"isthmus: {message}")


class SettingError(SystemExit):
    """An environment variable that cannot be used; ends the process with one clear line."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"isthmus: setting {name}: {problem}")


class TrustedProxies(NamedTuple):
    """Peers whose X-Forwarded-For is read; `unix_sockets` means clients of a Unix socket."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix_sockets: bool = False


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def number(name: str, default: int, *, least: int = 0) -> int:
    raw = os.environ.get(name)
    if raw is None or raw == "":
        return default
    try:
        value = int(raw)
    except ValueError:
        raise SettingError(name, f"{raw!r} is not a whole number") from None
    if value < least:
        raise SettingError(name, f"{value} is below {least}")
    return value


def flag(name: str, default: bool) -> bool:
    raw = os.environ.get(name, "").strip().lower()
    if raw == "":
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise SettingError(name, f"{raw!r} is neither yes nor no")


def words(name: str, default: str = "") -> list[str]:
    """A comma separated list."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def trusted_proxies(name: str) -> TrustedProxies:
    """Comma separated addresses and CIDRs, and the word `unix`."""
    given = words(name)
    networks = tuple(_proxy_network(name, word) for word in given if word != "unix")
    return TrustedProxies(networks, "unix" in given)


def _proxy_network(name: str, word: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(word)
    except ValueError as error:
        right = "write addresses, CIDRs such as 10.0.0.0/24, or unix, with commas between"
        raise SettingError(name, f"{word!r} cannot be used: {error}; {right}") from None
    if network.prefixlen == 0:
        raise SettingError(name, f"{word!r} would trust every client; name the proxies alone")
    return network


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = os.environ.get(name) or default
    if value not in allowed:
        raise SettingError(name, f"{value!r} is not one of {', '.join(allowed)}")
    return value


def secret(name: str, default: str = "") -> str:
    """`NAME`, or the content of the file that `NAME_FILE` names."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{name}_FILE", f"cannot be read: {error.strerror}") from None


def sealing_key(text: str) -> bytes:
    """The 32 bytes that a key in URL-safe base64 encodes. Raises ValueError without the key in it."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        raise ValueError("it is not URL-safe base64") from None
    if len(raw) != 32:
        raise ValueError(f"it has {len(raw)} bytes")
    return raw


def sealing_keys(name: str) -> list[str]:
    """Keys with commas between, as they are written; none when the setting is empty."""
    keys = [key.strip() for key in secret(name).split(",") if key.strip()]
    for number, key in enumerate(keys, 1):
        try:
            sealing_key(key)
        except ValueError as error:
            right = "each is 32 random bytes in URL-safe base64, 44 characters, with commas between"
            raise SettingError(
                name, f"key {number} of {len(keys)} cannot be used, {error}; {right}"
            ) from None
    return keys


def widen_path() -> None:
    """Adds the sbin folders of `nft` and the like, which the PATH of ordinary users lacks."""
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    more = [folder for folder in ("/usr/local/sbin", "/usr/sbin", "/sbin") if folder not in path]
    os.environ["PATH"] = os.pathsep.join([*path, *more])


def require(*names: str) -> None:
    """Ends the process when one of the secrets is set neither by itself nor by its file."""
    for name in names:
        if not secret(name):
            raise SettingError(name, "is not set; `manage.py quickstart` makes one, see the README")


def signing_key(name: str) -> str:
    """The key that signs sessions; empty where none is set. Ends the process when it can be guessed."""
    key = secret(name)
    right = f"it needs {LEAST_SIGNING_KEY} random characters or more; make one: " + (
        'python -c "import secrets; print(secrets.token_urlsafe(48))"'
    )
    if key and len(key) < LEAST_SIGNING_KEY:
        raise SettingError(name, f"has only {len(key)} characters; {right}")
    if key and len(set(key)) < _LEAST_DISTINCT:
        raise SettingError(name, f"has only {len(set(key))} different characters; {right}")
    if key and (key + key).find(key, 1) < len(key):
        raise SettingError(name, f"repeats one sequence; {right}")
    return key


def environment_file(directory: Path) -> Path:
    """The file in a data directory with the settings that quickstart made."""
    return directory / "environment"


def given_directory(value: str = "") -> Path:
    """The data directory: as given, as the environment says, or `.isthmus` in the current folder."""
    return Path(value or os.environ.get("ISTHMUS_DATA_DIR") or ".isthmus").resolve()


def load_environment(directory: Path) -> bool:
    """Put a data directory's settings into the environment; variables that are set already win.

    False where there are none. Raises DataDirError when they may not be read.
    """
    try:
        content = environment_file(directory).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        message = f"{directory} belongs to another user; run this as its owner, or give another --data-dir"
        raise DataDirError(message) from None
    except OSError as error:
        raise DataDirError(f"{environment_file(directory)} cannot be read: {error.strerror}") from None
    for line in content.splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            os.environ.setdefault(name, value)
    return True


def adopt_data_dir(argv: list[str]) -> None:
    """`--data-dir DIR` of any command, or `.isthmus` where quickstart made one.

    quickstart makes its own (console.project.quickstart.datadir), and the test runner has one. Raises
    DataDirError when a command has neither an installation nor settings in the environment.
    """
    if len(argv) < 2 or argv[1] in {"quickstart", "test"}:
        return
    given = _take_data_dir(argv)
    directory = given_directory(given)
    own = argv[: _own_words(argv)]
    if not given and (_has_settings() or _is_free(own)):
        # An unreadable default directory is not an error here.
        with suppress(DataDirError):
            load_environment(directory)
    elif not load_environment(directory):
        raise DataDirError(f"no installation in {directory}; give --data-dir (quickstart makes one)")


def _take_data_dir(argv: list[str]) -> str:
    """The value of `--data-dir`, removed from the arguments."""
    own = _own_words(argv)
    for position, word in enumerate(argv[:own]):
        if word == "--data-dir" and position + 1 < own:
            given = argv[position + 1]
            del argv[position : position + 2]
            return given
        if word.startswith("--data-dir="):
            del argv[position]
            return word.partition("=")[2]
    return ""


def _has_settings() -> bool:
    return any(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in _DECISIVE)


def _is_free(words: list[str]) -> bool:
    """Whether a command needs no installation."""
    return words[1] in _WITHOUT_INSTALLATION or bool({"-h", "--help", "--version"} & set(words))


def _own_words(argv: list[str]) -> int:
    """How many words are the command's own: what follows `inside INSTANCE` is another program's."""
    if argv[1] != "inside":
        return len(argv)
    position = 2
    while position < len(argv) and argv[position].startswith("-"):
        position += 2 if argv[position] == "--data-dir" else 1
    return min(position + 1, len(argv))
