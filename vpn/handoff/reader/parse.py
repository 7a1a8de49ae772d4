"""Reads what the other side sent: this product's exports and parameter sheets, or a swanctl.conf. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import chain

from vpn.domain.spec import Secret
from vpn.handoff import labels as sheet
from vpn.handoff.reader.extras import extras
from vpn.handoff.reader.keys import keys_in
from vpn.handoff.reader.recognised import ISTHMUS, SWANCTL, Extras, Recognised
from vpn.handoff.reader.settings_format import Read, Section, inherited, read_settings

LONGEST_TEXT = 65536
_MOST_LISTED = 50
_MOST_READ = 32
_LONGEST_SHOWN = 60
# Characters that mail programs and other systems insert.
_FROM_ELSEWHERE = {0: None, ord("\r"): None, 0xA0: " ", 0xFEFF: None}
_VERSIONS = {"1": 1, "2": 2}
_CUT = f"The text is longer than {LONGEST_TEXT} characters; only its beginning was read."


def recognise(text: str) -> Recognised:
    """Never raises, whatever the text; the result is bounded in size, and empty if nothing is recognised."""
    cut = [_CUT] if len(text) > LONGEST_TEXT else []
    text = text[:LONGEST_TEXT].translate(_FROM_ELSEWHERE)
    if facts := sheet.read(text):
        return _from_sheet(facts, text, cut)
    read = read_settings(text)
    if not read.root.at("connections").sections:
        return Recognised()
    return _from_swanctl(read, cut)


def _from_sheet(facts: dict[str, str], text: str, warnings: list[str]) -> Recognised:
    """An export is written for this side: what it calls yours is ours."""
    warned = list(warnings)
    peer, own = (_address([facts.get(label, "")]) for label in (sheet.GATEWAY_ADDRESS, sheet.YOUR_ADDRESS))
    local = _cidrs(facts.get(sheet.YOUR_CIDRS, ""), warned)
    remote = _cidrs(facts.get(sheet.GATEWAY_CIDRS, ""), warned)
    key = facts.get(sheet.KEY, "")
    psk = Secret("pasted", key) if key and not sheet.is_placeholder(key) else None
    if psk is None:
        psk = _sheet_secret(text)
    if psk is None:
        warned.append("No pre-shared key was found in the text; ask the other side for it.")
    ike, esp = (_words(facts.get(label, "")) for label in (sheet.IKE_PROPOSALS, sheet.ESP_PROPOSALS))
    version = _VERSIONS.get(facts.get(sheet.IKE_VERSION, "").strip())
    more = _sheet_extras(text, warned)
    return Recognised(ISTHMUS, peer, own, local, remote, psk, version, ike, esp, tuple(warned), more)


def _sheet_extras(text: str, warned: list[str]) -> Extras:
    """From the configuration part, which is written for this side: what it calls local is ours."""
    root = read_settings(text).root
    if not root.at("connections").sections:
        warned.append("Identities and dead peer detection were not read: compare them with the text.")
        return Extras()
    _, connection = _chosen(root, [])
    return extras(connection, _children(root, connection), *_ends(connection)).mirrored()


def _sheet_secret(text: str) -> Secret | None:
    """The key from the configuration part of the file."""
    sections = read_settings(text).root.at("secrets").sections
    charon = (section.values.get("secret", "") for section in list(sections.values())[:_MOST_READ])
    found = (value for value in chain(charon, keys_in(text)) if value and not sheet.is_placeholder(value))
    value = next(found, None)
    return Secret("pasted", value) if value else None


def _from_swanctl(read: Read, warnings: list[str]) -> Recognised:
    """A swanctl.conf is the peer's own configuration: what it calls local is our peer."""
    warned = list(warnings)
    if read.includes:
        warned.append(f"{read.includes} include line(s) name other files, which were not read.")
    if read.cut:
        warned.append("The text has more sections than can be read; some were left out.")
    name, connection = _chosen(read.root, warned)
    local, remote = _ends(connection)
    peer = _address([connection.values.get("local_addrs", ""), local.values.get("id", "")])
    own = _address([connection.values.get("remote_addrs", ""), remote.values.get("id", "")])
    if not peer:
        warned.append("The text does not say the public address of the other side (local_addrs).")
    children = _children(read.root, connection)
    if not children:
        warned.append(f"The connection {name} has no children, so there are no CIDRs.")
    key = _secret(read.root, {peer, own, *_identities(local, remote)} - {""}, warned)
    return Recognised(
        SWANCTL,
        peer,
        own,
        _selectors(children, "remote_ts", warned),
        _selectors(children, "local_ts", warned),
        key,
        _VERSIONS.get(connection.values.get("version", "").strip()),
        _words(connection.values.get("proposals", "")),
        _words(",".join(child.values.get("esp_proposals", "") for child in children)),
        tuple(dict.fromkeys(warned)),
        extras(connection, children, local, remote),
    )


def _chosen(root: Section, warned: list[str]) -> tuple[str, Section]:
    """The first connection with an address and children, else the first of all."""
    named = list(root.at("connections").sections.items())
    found = [(name, inherited(root, section)) for name, section in named[:_MOST_READ]]
    whole = [one for one in found if "remote_addrs" in one[1].values and "children" in one[1].sections]
    name, section = (whole or found)[0]
    if len(named) > 1:
        shown = _shown(name)
        warned.append(f"The text holds {len(named)} connections; only {shown} was read.")
    return _shown(name), section


def _ends(connection: Section) -> tuple[Section, Section]:
    """The first authentication round of each side: `local`, `local-psk`, `local1`."""

    def end(word: str) -> Section:
        names = [name for name in connection.sections if name.startswith(word)]
        return connection.at(min(names)) if names else Section()

    return end("local"), end("remote")


def _children(root: Section, connection: Section) -> list[Section]:
    sections = list(connection.at("children").sections.values())[:_MOST_READ]
    return [inherited(root, section) for section in sections]


def _identities(*ends: Section) -> set[str]:
    return {end.values["id"] for end in ends if "id" in end.values}


def _address(texts: Iterable[str]) -> str:
    """The first item of comma-separated lists that is an IPv4 address."""
    for text in texts:
        for word in text.split(",")[:_MOST_LISTED]:
            try:
                return str(IPv4Address(word.strip()))
            except AddressValueError:
                continue
    return ""


def _selectors(children: list[Section], key: str, warned: list[str]) -> tuple[str, ...]:
    text = ",".join(child.values.get(key, "dynamic") for child in children)
    return _cidrs(text, warned)


def _cidrs(text: str, warned: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    words = [word.strip() for word in text.split(",")]
    for word in dict.fromkeys(filter(None, words)):
        if len(found) == _MOST_LISTED:
            warned.append(f"There are more than {_MOST_LISTED} CIDRs on one side; the rest was left out.")
            break
        if network := _network(word, warned):
            found[network] = None
    return tuple(found)


def _network(word: str, warned: list[str]) -> str:
    """One traffic selector as a CIDR, empty if it is not one."""
    if len(warned) > _MOST_LISTED:
        return ""
    plain, bracket, _ = word.partition("[")
    if bracket:
        warned.append(f"{_shown(word)} is limited to a protocol or port; tunnels here carry all of a CIDR.")
    try:
        return str(IPv4Network(plain.strip(), strict=False))
    except ValueError:
        warned.append(f"{_shown(word)} is not an IPv4 block and was left out.")
        return ""


def _secret(root: Section, ids: set[str], warned: list[str]) -> Secret | None:
    """The IKE secret of these identities; one without identities matches all."""
    secrets = [s for n, s in root.at("secrets").sections.items() if n.startswith("ike")]
    fitting = [(_fit(section, ids), section) for section in secrets[:_MOST_READ]]
    fitting = [(fit, section) for fit, section in fitting if fit >= 0 and section.values.get("secret")]
    if not fitting:
        return None
    value = max(fitting, key=lambda one: one[0])[1].values["secret"]
    if sheet.is_placeholder(value):
        return None
    if value[:2].lower() in {"0x", "0s"}:
        warned.append("The key is written as hexadecimal or Base64 bytes; agree on one of plain characters.")
        return None
    return Secret("pasted", value)


def _fit(section: Section, ids: set[str]) -> int:
    """How many of a secret's identities match; -1 if it has identities and none matches."""
    named = {value for key, value in section.values.items() if key.startswith("id")}
    return len(named & ids) if named & ids or not named else -1


def _words(text: str) -> tuple[str, ...]:
    words = (word.strip() for word in text.split(","))
    return tuple(dict.fromkeys(word for word in words if 0 < len(word) <= 200))[:_MOST_LISTED]


def _shown(text: str) -> str:
    """For a message: printable and short."""
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]}…"
