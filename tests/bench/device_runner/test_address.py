"""Addresses on a network, as people write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.device_runner import join_address, split_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("rack2", "rack2", 5555),
        ("rack2:1", "rack2", 1),
        ("192.168.1.7:65535", "192.168.1.7", 65535),
        ("[fe80::1]", "fe80::1", 5555),
        ("[fe80::1]:5037", "fe80::1", 5037),
        ("[rack2]:5037", "rack2", 5037),
    ],
)
def test_a_port_may_be_left_out(text: str, host: str, port: int) -> None:
    assert split_address(text, 5555) == (host, port)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' is no address. Write HOST:PORT."),
        (":5037", "':5037' is no address. Write HOST:PORT."),
        ("[]:5037", "'[]:5037' is no address. Write HOST:PORT."),
        ("me@rack2", "'me@rack2' is no address. Write HOST:PORT."),
        ("rack 2", "'rack 2' is no address. Write HOST:PORT."),
        ("[::1", "'[::1' is no address. Write an IPv6 address as [ADDRESS]:PORT."),
        ("[::1]5037", "'[::1]5037' is no address. Write an IPv6 address as [ADDRESS]:PORT."),
        ("::1", "'::1' has more than one colon. Write an IPv6 address as [ADDRESS]:PORT."),
        ("tcp:rack2:1", "'tcp:rack2:1' has more than one colon. Write an IPv6 address as [ADDRESS]:PORT."),
        ("rack2:", "The port '' of 'rack2:' is not a number from 1 to 65535."),
        ("rack2:0", "The port '0' of 'rack2:0' is not a number from 1 to 65535."),
        ("rack2:65536", "The port '65536' of 'rack2:65536' is not a number from 1 to 65535."),
        ("rack2:²", "The port '²' of 'rack2:²' is not a number from 1 to 65535."),
        ("rack2:٣", "The port '٣' of 'rack2:٣' is not a number from 1 to 65535."),
        ("[::1]:x", "The port 'x' of '[::1]:x' is not a number from 1 to 65535."),
    ],
)
def test_what_is_no_address_is_told_with_the_form(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        split_address(text, 5555)


@given(st.ip_addresses() | st.just("rack2.example"), st.integers(1, 65535))
def test_what_is_written_reads_the_same(host: object, port: int) -> None:
    assert split_address(join_address(str(host), port), 1) == (str(host), port)


@given(st.text(alphabet="a1.:[]@/ ²", max_size=12) | st.text())
def test_any_text_is_refused_or_an_address_that_reads_the_same(text: str) -> None:
    try:
        address = split_address(text, 5555)
    except ValueError:
        return
    assert split_address(join_address(*address), 1) == address
