"""A validation as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from lut.drift import LARGE_IN_WORDS, describe_change
from lut.entries import CAUSES
from lut.validation.results import ErrorSummary, NetComparison, Validation

__all__ = ["DEVICE_CHANGED", "choose_error", "describe_validation", "name_corrections"]

DEVICE_CHANGED = (
    "The device changed while the nets ran, so that no error is net of drift. "
    "Let it settle, and validate again."
)


def describe_validation(validation: Validation) -> str:
    """Write one line a net, measured and estimated, and what the errors come to.

    Errors are estimate / measured median - 1. Where nets were left out of a fit one by one, a last column
    has the errors of their calibrated estimates.
    """
    return "".join(f"{line}\n" for line in _lines(validation))


def name_corrections(validation: Validation) -> str:
    """Name what is taken out of errors: `drift`, or `drift and gaps` where gaps were watched for."""
    return "drift" if validation.gaps is None else "drift and gaps"


def choose_error(validation: Validation) -> Iterator[str]:
    """Say which errors to go by, plain ones or those net of drift and gaps, where there is a choice."""
    if validation.summary_net_of_drift is None:
        return
    without = f"the errors net of {name_corrections(validation)}"
    if validation.gaps_mislead and validation.has_drifted:
        yield (
            "Go by neither error: other programs kept the processor busy, and the device has changed since "
            "the table was made. Validate again on a quiet device."
        )
    elif validation.gaps_mislead:
        yield (
            "Go by the plain errors: other programs kept the processor busy. Runs that they interrupted were "
            "thrown away, so that the measured times hold no such gaps."
        )
    elif validation.has_drifted:
        yield (
            f"Go by {without}, or measure the table again: the device has changed by more than "
            f"{LARGE_IN_WORDS} since the table was made, and the plain errors hold that too."
        )
    elif validation.disturbed:
        yield f"Go by {without}, but only for now: something disturbed the device while the nets ran."
    else:
        yield f"Go by {without}: they are the table's own, and nothing disturbed the nets."


def _lines(validation: Validation) -> Iterator[str]:
    config, nets = validation.config, validation.nets
    threads = f"{config.threads} thread{'' if config.threads == 1 else 's'}"
    yield (
        f"{validation.device}: {config.passes} passes of {config.warmup}+{config.iters} runs, {threads} "
        f"on {config.cpus or 'any processor'}; estimates are sums of medians from {validation.table}"
    )
    calibrated = validation.left_out_summary
    width = max([3, *(len(net.net) for net in nets)])
    yield (
        f"{'NET':<{width}} {'OPS':>4} {'P10 US':>12} {'MEASURED P50':>12} {'P90 US':>12} {'ESTIMATE US':>12} "
        f"{'ERROR':>7}"
        + (f" {'NO DRIFT':>8}" if validation.drift is not None else "")
        + (f" {'LEFT OUT':>8}" if calibrated else "")
    )
    for net in nets:
        without, left_out = validation.net_of_drift(net), validation.judge_left_out(net)
        line = f"{net.net:<{width}} {net.operators:>4} {_describe_times(net, without, left_out)}"
        yield line + "".join(_describe_doubts(validation, net))
    yield from _describe_drift(validation)
    if (gaps := validation.gaps) is not None:
        yield (
            f"Gaps, in which the system has the processor, make up {gaps:.1%} of a net's run at most, and "
            f"hardly show in the medians of operators."
        )
    summary, drifted = validation.summary, validation.summary_net_of_drift
    if summary is not None:
        yield f"|error| {_describe_summary(summary)}."
    if drifted is not None:
        yield f"|error| net of {name_corrections(validation)}, {_describe_summary(drifted)}."
    yield from choose_error(validation)
    yield from _explain_doubts(validation)
    if calibrated is not None:
        yield f"|error| calibrated, each net left out of the fit: {_describe_summary(calibrated)}."
    if disturbed := len(validation.disturbed):
        nets_are = "nets are" if disturbed > 1 else "net is"
        yield f"{disturbed} disturbed {nets_are} left out of this. Measure again on a quiet device."


def _describe_drift(validation: Validation) -> Iterator[str]:
    before, after = validation.drift_before, validation.drift_after
    parts = [
        f"{describe_change(drift.factor)} {when} the nets ({drift.count} operators)"
        for drift, when in ((before, "before"), (after, "after"))
        if drift is not None
    ]
    if not parts:
        return
    yield f"Drift: against when the table was made the device is {' and '.join(parts)}."
    if validation.device_changed:
        yield DEVICE_CHANGED


def _describe_doubts(validation: Validation, net: NetComparison) -> Iterator[str]:
    if validation.is_scattered(net):
        yield f"  SCATTERED by {net.scatter:.1%}"
    if validation.is_unrepeated(net):
        yield f"  NOT REPEATED: operators {validation.change_when_repeated(net):+.1%}"


def _explain_doubts(validation: Validation) -> Iterator[str]:
    if scattered := len(validation.scattered):
        yield (
            f"The table's times of {_count_nets(scattered)} scatter: something disturbed the device when it "
            f"was made, and these sums may be too long by as much. Measure the operators again on a quiet "
            f"device."
        )
    if unrepeated := len(validation.unrepeated):
        yield (
            f"The operators of {_count_nets(unrepeated)} take another time now, beyond the drift: either "
            f"something disturbed the device when the table was made, or something does now. Validate again, "
            f"and if that repeats, measure the operators again."
        )
    doubted = len(validation.judged) - len(validation.steady)
    if doubted and (summary := validation.summary_of_steady) is not None:
        yield f"|error| without {'them' if doubted > 1 else 'it'}, {_describe_summary(summary)}."


def _describe_times(net: NetComparison, without: float | None, left_out: float | None) -> str:
    if net.measured_us is None or net.error is None:
        return f"not measured: {net.failure}"
    share = net.interpolated_us / net.estimate_us if net.estimate_us else 0.0
    return (
        f"{net.p10_us:>12.3f} {net.p50_us:>12.3f} {net.p90_us:>12.3f} {net.estimate_us:>12.3f} "
        f"{net.error:>+7.1%}"
        + (f" {without:>+8.1%}" if without is not None else "")
        + (f" {left_out:>+8.1%}" if left_out is not None else "")
        + (f"  ({share:.1%} of the sum interpolated)" if net.interpolated_us else "")
        + (f"  DISTURBED: {CAUSES[net.spoilt_by]}" if net.spoilt_by else "")
    )


def _describe_summary(summary: ErrorSummary) -> str:
    return f"of {_count_nets(summary.nets)}: median {summary.median:.1%}, worst {summary.worst:.1%}"


def _count_nets(count: int) -> str:
    return f"{count} net{'s' if count > 1 else ''}"
