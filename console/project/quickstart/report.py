"""The message that quickstart prints when it is ready."""

from __future__ import annotations

from console.project.quickstart.choice import Choice
from console.project.quickstart.datadir import DataDir
from vpn.drivers.registry import DRIVERS


def banner(
    credentials: dict[str, str], data_dir: DataDir, choice: Choice, *, is_first: bool, seconds: float
) -> str:
    """The lines with address, credentials and two commands to try."""
    key, url = credentials["api_key"], credentials["url"]
    lines = [
        "",
        f"Isthmus is ready after {seconds:.1f} s.",
        "",
        f"  Console   {url}/",
        f"  User      {credentials['username']}",
    ]
    if is_first:
        lines.append(f"  Password  {credentials['password']}   (shown only now)")
    lines += [
        f"  API key   {key}",
        f"  Driver    {_driver_words(choice)}",
        f"  Files     {data_dir.directory} (credentials.json holds all of the above)",
        "",
        *(f"  Missing for real tunnels: {text}" for text in choice.missing),
        *([""] if choice.missing else []),
        "  Try:",
        f"    curl -H 'Authorization: Bearer {key}' '{url}/v1/subnets?version=2019-01-01'",
        f"    curl -H 'Authorization: Bearer {key}' '{url}/v1/vpn_gateways?version=2019-01-01'",
        "",
        "  Ctrl-C stops everything, its tunnels included; the next start restores them.",
        "",
        "",
    ]
    return "\n".join(lines)


def _driver_words(choice: Choice) -> str:
    if not DRIVERS[choice.driver].carries_packets:
        return f"{choice.driver}: no packets are carried"
    return choice.driver + (", without root in a user namespace" if choice.holder else "")
