"""The report: a table, its run and its nets as one page of HTML that needs no network.

`SECTIONS` lists the page's sections in order: what a table is made for comes first, how it was made last.
Adding one is one module and one line here.
"""

from __future__ import annotations

from lut.report import comparing, drift, measured, nets, profiling, records, roofline, spread, validating
from lut.report.columns import collect_columns
from lut.report.material import Material, NetReport, TableReport, check_devices
from lut.report.page import assemble_page, read_plotly
from lut.report.runs import Run, read_run
from lut.report.section import Section

__all__ = [
    "SECTIONS",
    "Material",
    "NetReport",
    "Run",
    "Section",
    "TableReport",
    "check_devices",
    "collect_columns",
    "read_plotly",
    "read_run",
    "render_report",
]

SECTIONS: dict[str, Section] = {
    "comparison": Section("Comparison", comparing.build),
    "nets": Section("Nets", nets.build),
    "validation": Section("Estimate against measured", validating.build),
    "operators": Section("Operators inside the nets", profiling.build),
    "roofline": Section("Throughput", roofline.build),
    "spread": Section("Spread", spread.build),
    "drift": Section("Drift", drift.build),
    "records": Section("Records", records.build),
    "measured": Section("What was measured", measured.build),
}
"""The sections by the names that links use."""


def render_report(material: Material) -> str:
    """Make the page.

    Raises:
        FileError: plotly is not installed.
    """
    built = {name: (section.title, section.build(material)) for name, section in SECTIONS.items()}
    return assemble_page(
        material, {name: (title, body) for name, (title, body) in built.items() if body is not None}
    )
