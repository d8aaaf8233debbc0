"""The section on what was measured: device, program, configuration, and what is missing or in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lut.drift import RunDrift
from lut.entries import DeviceInfo, RunConfig, Segment
from lut.report.html import Html, facts, fold, join, tag, tag_table
from lut.report.material import Material, NetReport, TableReport
from lut.report.numbers import count, moment, percent
from lut.sidecar import Sidecar, sidecar_path

__all__ = ["build"]

_SHOWN = 200
"""A list names this many operators; the rest are in the file beside the table."""


def build(material: Material) -> Html:
    """Tell of each table, then what it lacks of the nets."""
    if material.other is None:
        tables = [_describe_table("Table", material.main)]
    else:
        tables = [
            _describe_table("First table", material.main),
            _describe_table("Second table", material.other),
        ]
    return join([*tables, _describe_coverage(material.nets)])


def _describe_table(title: str, table: TableReport) -> Html:
    parts: list[Html] = [tag("h3", title)]
    if table.provenance is None:
        parts.append(
            tag(
                "p",
                f"No {sidecar_path(table.path).name} lies beside the table, so who measured it, when and how "
                f"is not known. lut merge writes that file with every table it makes.",
                class_="note",
            )
        )
        return join([*parts, _holds(table)])
    parts.append(_holds(table))
    parts += [_describe_segment(segment) for segment in _distinct(table.provenance.segments)]
    told = table.provenance
    return join([*parts, *_describe_units(told), *_describe_drifts(told), *_describe_doubts(told)])


def _describe_units(provenance: Sidecar) -> list[Html]:
    """Tell how fast each unit is; a large difference that is in the times is a warning."""
    lines = [
        tag("p", unit.describe(), class_="warning" if unit.is_large else None) for unit in provenance.units
    ]
    return [tag("h4", "Units of this name"), *lines] if lines else []


def _describe_drifts(provenance: Sidecar) -> list[Html]:
    """Tell how the device changed between the journals; a large change is a warning."""
    told: list[tuple[str, RunDrift]] = [(found.describe_journal(), found) for found in provenance.drift]
    told += [
        (
            f"{', '.join(step.sources)}: the device was "
            f"{step.drift.describe('the table that was there before')}.",
            step.drift,
        )
        for step in provenance.extended
        if step.drift is not None
    ]
    if not told:
        return []
    lines = [tag("p", sentence, class_="warning" if drift.is_large else None) for sentence, drift in told]
    return [tag("h4", "Drift between journals"), *lines]


def _holds(table: TableReport) -> Html:
    columns = table.columns
    pairs = [
        ("Device", table.device),
        ("File", table.path.name),
        ("Records", f"{len(columns):,}"),
        ("Operator types", f"{len(columns.op_types):,}"),
        ("Families", f"{len(columns.families):,}"),
    ]
    if predicted := int(columns.predicted.sum()):
        pairs.append(("Predicted, not measured", f"{predicted:,}"))
    provenance = table.provenance
    if provenance is not None:
        starts = sorted({segment.started for segment in provenance.segments if segment.started})
        pairs += [("Journals", ", ".join(provenance.sources))] if provenance.sources else []
        pairs += [("Measured from", moment(starts[0]))] if starts else []
        pairs += [("last begun", moment(starts[-1]))] if len(starts) > 1 else []
    return facts(pairs)


def _distinct(segments: Iterable[Segment]) -> list[Segment]:
    """One segment for each device, program and configuration: a run taken up again is no other one."""
    return list({(each.device, each.program, each.config): each for each in segments}.values())


def _describe_segment(segment: Segment) -> Html:
    device, program = segment.device, segment.program
    on = facts([("Kind", device.kind), ("Serial", device.serial), *_read_facts(device)])
    by = facts([("Program", program.kind), ("Engine", program.engine), ("SHA-256", program.sha256)])
    return tag(
        "div",
        tag("div", tag("h4", "Device"), on),
        tag(
            "div",
            tag("h4", "Program"),
            by,
            tag("h4", "Configuration"),
            facts(_describe_config(segment.config)),
        ),
        class_="panels",
    )


def _read_facts(device: DeviceInfo) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), value) for name, value in sorted(device.facts.items())]


def _describe_config(config: RunConfig) -> list[tuple[str, str]]:
    return [
        ("Passes over all operators", f"{config.passes:,}"),
        ("Timed runs per visit", _describe_runs(config)),
        ("Warm-up runs per visit", _describe_warmup(config)),
        ("Threads", f"{config.threads:,}"),
        ("Processors", config.cpus or "chosen by the system"),
        ("Caches", _describe_caches(config)),
        ("Least length of a sample", f"{config.min_sample_us:g} µs" if config.min_sample_us else "none"),
        ("Canary", f"slow from {percent(config.canary_share)}" if config.canary_share else "none"),
    ]


def _describe_caches(config: RunConfig) -> str:
    if config.turns > 1:
        return f"{config.turns:,} operators in turns, and up to {config.fill_bytes / 1e6:,.0f} MB else"
    if config.thrash_bytes:
        return f"{config.thrash_bytes / 1e6:,.1f} MB of other memory read before each run"
    return "warm: each operator by itself"


def _describe_warmup(config: RunConfig) -> str:
    if not config.warmup_share:
        return f"{config.warmup:,}"
    return f"{config.warmup:,} at most, until averages are within {percent(config.warmup_share)}"


def _describe_runs(config: RunConfig) -> str:
    if not config.p50_share:
        return f"{config.iters:,}"
    return (
        f"{config.iters:,} to {config.most_iters:,}, until the median is known to {percent(config.p50_share)}"
    )


def _describe_doubts(provenance: Sidecar) -> list[Html]:
    marked = [(entry.key, entry.reason) for entry in provenance.marked or ()]
    parts = [tag("h4", "Operators without a time, or with one in doubt")]
    quiet = []
    for rows, noun, heads in (
        ([[op.key.describe(), op.stage, op.reason] for op in provenance.failures], "failed", _FAILED),
        ([[entry.key.describe()] for entry in provenance.incomplete], "incomplete", ("Operator",)),
        ([[key.describe(), reason] for key, reason in marked], "marked", ("Operator", "Reason")),
    ):
        if rows:
            parts.append(_fold_rows(f"{count(len(rows), 'operator')} {noun}", heads, rows))
        elif noun != "marked" or provenance.marked is not None:
            quiet.append(noun)
    if quiet:
        parts.append(tag("p", f"None {' or '.join(quiet)}."))
    if provenance.marked is None:
        parts.append(tag("p", "Whether operators ought to be marked was not looked into.", class_="note"))
    return parts


_FAILED = ("Operator", "Stage", "Reason")


def _fold_rows(summary: str, heads: Sequence[str], rows: list[list[str]]) -> Html:
    more = len(rows) - _SHOWN
    rest = [tag("p", f"and {more:,} more, which the .meta.json names.", class_="note")] if more > 0 else []
    return fold(summary, tag_table(summary, heads, rows[:_SHOWN]), *rest)


def _describe_coverage(nets: Sequence[NetReport]) -> Html:
    if not nets:
        return Html("")
    rows, lists = [], []
    for net in nets:
        total = len(net.estimate.rows)
        lacking = sum(1 for row in net.estimate.rows if row.runtime_us is None)
        rows.append([net.name, f"{total:,}", f"{lacking:,}", percent(_cut((total - lacking) / total))])
        if lacking:
            missing = [[op.describe()] for op in net.estimate.missing]
            lists.append(
                _fold_rows(f"Missing of {net.name}: {count(len(missing), 'operator')}", ["Operator"], missing)
            )
    heads = ("Net", "Operators", "Missing", "Covered")
    return join(
        [
            tag("h3", "Coverage"),
            tag_table("How much of each net the table holds", heads, rows, (1, 2, 3)),
            *lists,
        ]
    )


def _cut(share: float) -> float:
    """Cut off, not rounded: 100.0 % is said of whole coverage only."""
    return int(share * 1000) / 1000
