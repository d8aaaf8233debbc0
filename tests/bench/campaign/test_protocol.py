from __future__ import annotations

import pytest

from bench.campaign.protocol import cache_settings, is_cache_choice
from bench.device_runner import HostDevice


@pytest.mark.parametrize("text", ["warm", "turns", "thrash:8M", "thrash:512K", "thrash:64"])
def test_states_of_the_caches(text: str) -> None:
    assert is_cache_choice(text)


@pytest.mark.parametrize(
    "text", ["", "cold", "thrash", "thrash:", "thrash:0", "thrash:8G", "thrash:-1", "thrash:2048M"]
)
def test_what_is_none(text: str) -> None:
    assert not is_cache_choice(text)


def test_settings() -> None:
    host = HostDevice()
    assert cache_settings("warm", host) == {}
    assert cache_settings("thrash:8M", host) == {"thrash_bytes": 8 << 20}
    in_turns = cache_settings("turns", host)
    assert in_turns["turns"] > 1
    assert in_turns["fill_bytes"] >= 1 << 20
