from __future__ import annotations

import pytest

from dots_cli.definition.hosts import parse_host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("meter:10.0.0.5", "meter:10.0.0.5"),
        ("meter=10.0.0.5", "meter:10.0.0.5"),
        ("meter: 10.0.0.5", "meter:10.0.0.5"),
        ("meter:::1", "meter:::1"),
        ("meter=::1", "meter:::1"),
        ("meter:[fe80::1]", "meter:fe80::1"),
        ("meter=host-gateway", "meter:host-gateway"),
    ],
)
def test_a_host_is_a_name_and_an_address(text: str, host: str) -> None:
    assert parse_host(text) == host
    assert parse_host(host) == host


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo", "'foo' is no host; write it like meter:192.168.1.20"),
        ("", "'' is no host; write it"),
        ("meter:", "'meter:' is no host; write it"),
        (":1.2.3.4", "'' is no name of a host; write it"),
        ("my meter:1.2.3.4", "'my meter' is no name of a host; write it"),
        ("a:b=1.2.3.4", "'a:b' is no name of a host; write it"),
        ("meter:1.2.3", "'1.2.3' is no address; write an IP address"),
        ("meter:01.2.3.4", "'01.2.3.4' is no address; write"),
        ("meter:fe80::1%eth0", "'fe80::1%eth0' is no address; write"),
        ("meter:elsewhere.example", "'elsewhere.example' is no address; write"),
    ],
)
def test_what_the_engine_would_not_take_is_no_host(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="no") as failure:
        parse_host(text)
    assert str(failure.value).startswith(message)
