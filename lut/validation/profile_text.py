"""Profiles of nets as tables for people: where the rows of the table and the running net differ most."""

from __future__ import annotations

from collections.abc import Iterator

from lut.validation.profile import NetProfile
from lut.validation.results import Validation

__all__ = ["describe_profiles"]

_MOST_LINES = 10
"""So many operators of each net are shown; files hold all."""


def describe_profiles(validation: Validation) -> str:
    """Write for each profiled net what the profile cost, and its operators that differ most."""
    return "".join(f"{line}\n" for line in _lines(validation))


def _lines(validation: Validation) -> Iterator[str]:
    for net in validation.nets:
        if net.profile_failure is not None:
            yield ""
            yield f"{net.net}: its operators could not be timed inside it: {net.profile_failure}"
        elif net.profile is not None:
            yield ""
            yield from _describe(net.net, net.profile)


def _describe(name: str, profile: NetProfile) -> Iterator[str]:
    yield (
        f"{name}, its operators inside {profile.runs} profiled runs: these took {profile.cost:+.1%} against "
        f"plain runs that alternated with them ({profile.profiled_us:.3f} us, {profile.plain_us:.3f} us)."
    )
    if profile.resolution_us >= 1:
        yield (
            f"The engine tells times in steps of {profile.resolution_us:g} us. "
            "Smaller differences say nothing."
        )
    shown = profile.by_difference[:_MOST_LINES]
    if shown:
        yield f"{'IN NET US':>12} {'TABLE US':>12} {'TABLE - NET':>12} {'SHARE':>6}  OPERATOR"
    for each in shown:
        yield (
            f"{each.in_net_us:>12.3f} {each.in_table_us:>12.3f} {each.difference_us:>+12.3f} "
            f"{profile.share(each) or 0.0:>6.1%}  {each.operator}"
        )
    if more := len(profile.by_difference) - len(shown):
        yield f"{more} more operator{'s differ' if more > 1 else ' differs'} by less; --output writes all."
    if profile.unknown:
        yield (
            f"{profile.unknown} of {len(profile.operators)} operators have no time of their own there: the "
            f"engine runs them within other kernels, of which {profile.unmatched_us:.3f} us are nobody's."
        )
