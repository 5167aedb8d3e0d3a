"""Hosts that a container knows besides those of its networks: `name:address`.

Format: https://docs.docker.com/reference/compose-file/services/#extra_hosts
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from dots_cli.definition.wrong import WrongItems

GATEWAY = "host-gateway"
"""The engine's word for the machine that it runs on."""

_NAME = re.compile(r"[^\s:=]+")


def parse_host(text: str) -> str:
    """`name:address` as the engine takes it, also from `name=address`; ValueError."""
    name, _, address = text.partition("=" if "=" in text else ":")
    if not address.strip():
        raise ValueError(f"'{text}' is no host; write it like meter:192.168.1.20")
    return host_of(name, address)


def host_of(name: str, address: object) -> str:
    """`name:address` of the two; ValueError where one of them is none."""
    if not _NAME.fullmatch(name.strip()):
        raise ValueError(f"'{name}' is no name of a host; write it like meter:192.168.1.20")
    if not isinstance(address, str) or not address.strip():
        raise ValueError(f"'{name}' has no address; write one, like 192.168.1.20")
    found = re.sub(r"\[(.+)\]", r"\1", address.strip())
    if found != GATEWAY and not _is_address(found):
        raise ValueError(
            f"'{address}' is no address; write an IP address, like 192.168.1.20, or {GATEWAY}"
        )
    return f"{name.strip()}:{found}"


def hosts_of(addresses: Mapping[str, object]) -> list[str]:
    """`[name:address]` of `{name: address}`; WrongItems where some are none."""
    hosts = []
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    for name, address in addresses.items():
        try:
            hosts.append(host_of(name, address))
        except ValueError as failure:
            wrong.append(((name,), str(failure)))
    if wrong:
        raise WrongItems(wrong)
    return hosts


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
