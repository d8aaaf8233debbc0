"""What operators took inside a net, beside the table: figures, text, and files."""

from pathlib import Path

from msgspec.structs import replace

from lut.validation import (
    NetProfile,
    ProfiledOperator,
    describe_profiles,
    read_validation,
    write_validation,
)
from tests.lut.validation.test_results import FAILED, MEASURED, VALIDATION

CONV = ProfiledOperator("Conv [1,3,8,8]", 60.0, 66.0)
RELU = ProfiledOperator("Relu [1,8]", 30.0, 20.0)
FUSED = ProfiledOperator("Clip [1,8]", None, 4.0)
PROFILE = NetProfile(12, 1.0, 100.0, 103.0, 10.0, (CONV, RELU, FUSED))


def test_shares_are_of_all_that_the_engine_tells_and_the_unknown_has_none() -> None:
    assert PROFILE.total_us == 100.0
    assert [PROFILE.share(each) for each in PROFILE.operators] == [0.6, 0.3, None]
    assert [each.difference_us for each in PROFILE.operators] == [6.0, -10.0, None]
    assert PROFILE.by_difference == (RELU, CONV)
    assert PROFILE.unknown == 1
    assert round(PROFILE.cost, 3) == 0.03


def test_text_has_the_largest_differences_first_and_says_what_is_unknown() -> None:
    refused = replace(FAILED, profile_failure="create: no")
    nets = (replace(MEASURED, profile=PROFILE), refused)
    assert describe_profiles(replace(VALIDATION, nets=nets)) == (
        "\n"
        "net/int8, its operators inside 12 profiled runs: these took +3.0% against plain runs that "
        "alternated with them (103.000 us, 100.000 us).\n"
        "The engine tells times in steps of 1 us. Smaller differences say nothing.\n"
        "   IN NET US     TABLE US  TABLE - NET  SHARE  OPERATOR\n"
        "      30.000       20.000      -10.000  30.0%  Relu [1,8]\n"
        "      60.000       66.000       +6.000  60.0%  Conv [1,3,8,8]\n"
        "1 of 3 operators have no time of their own there: the engine runs them within other kernels, of "
        "which 10.000 us are nobody's.\n"
        "\n"
        "broken/int8: its operators could not be timed inside it: create: no\n"
    )


def test_ten_operators_are_shown_and_the_others_counted() -> None:
    profile = NetProfile(1, 0.001, 1.0, 1.0, 0.0, (CONV,) * 12)
    text = describe_profiles(replace(VALIDATION, nets=(replace(MEASURED, profile=profile),)))
    assert text.count("Conv") == 10
    assert "2 more operators differ by less; --output writes all.\n" in text
    assert "steps" not in text


def test_without_profiles_there_is_nothing_to_say() -> None:
    assert describe_profiles(VALIDATION) == ""


def test_files_hold_every_operator(tmp_path: Path) -> None:
    validation = replace(VALIDATION, nets=(replace(MEASURED, profile=PROFILE), FAILED))
    write_validation(validation, tmp_path / "validation.json")
    assert read_validation(tmp_path / "validation.json") == validation
