"""The page around the sections: head, navigation, styles, scripts, and plotly.js packed into it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from lut.errors import FileError
from lut.report.html import Html, join, tag
from lut.report.material import Material
from lut.report.numbers import count, moment
from lut.report.packing import compress
from lut.wording import install_extra

__all__ = ["assemble_page", "read_plotly"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
"""Nothing is loaded from anywhere: the browser itself holds the page to that."""

_THEME = """
(() => {
  let kept = null;
  try { kept = localStorage.getItem("lut-report-theme"); } catch { /* storage may be forbidden to files */ }
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
})();
"""


def read_plotly() -> str:
    """Read the script that draws the charts.

    Raises:
        FileError: plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as absent:
        raise FileError(
            "The charts of a report need plotly, which is not installed. "
            f"Install it by: {install_extra('report')}"
        ) from absent
    return str(get_plotlyjs())


def assemble_page(material: Material, sections: Mapping[str, tuple[str, Html]]) -> str:
    """Put sections, by the names of their links, into one page.

    Raises:
        FileError: plotly is not installed.
    """
    title = _title(material)
    plotly = Html(compress(read_plotly().encode()))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(_static("report.css"))),
        tag("script", Html(_THEME)),
    )
    body = tag(
        "body",
        tag("a", "Skip to the contents", href="#contents", class_="skip"),
        _head_of(material, title),
        _navigation(sections),
        tag("main", *(_section(name, *section) for name, section in sections.items()), id="contents"),
        tag("script", plotly, type="application/octet-stream", id="plotly-data"),
        *(tag("script", Html(_static(name))) for name in ("report.js", "records.js")),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _static(name: str) -> str:
    return files("lut.report").joinpath("static", name).read_text("utf-8")


def _title(material: Material) -> str:
    if material.other is None:
        return f"Latencies of {material.main.device}"
    if material.main.device == material.other.device:
        return f"Two tables of {material.main.device}"
    return f"{material.main.device} and {material.other.device}"


def _head_of(material: Material, title: str) -> Html:
    main = material.main
    words = [
        count(len(main.columns), "record"),
        f"of {count(len(main.columns.families), 'family', 'families')}",
    ]
    begun = sorted(segment.started for segment in main.provenance.segments) if main.provenance else []
    line = " ".join(words) + (f", measured from {moment(begun[0])}" if begun and begun[0] else "")
    return tag(
        "header",
        tag("div", tag("p", "Operator latency table", class_="eyebrow"), tag("h1", title), tag("p", line)),
        tag("button", "Dark", id="theme", type="button"),
        tag("noscript", tag("p", "Charts and the table of records need JavaScript.", class_="warning")),
        class_="top",
    )


def _navigation(sections: Mapping[str, tuple[str, Html]]) -> Html:
    links = (tag("li", tag("a", title, href=f"#{name}")) for name, (title, _) in sections.items())
    return tag("nav", tag("ul", *links), aria_label="Sections")


def _section(name: str, title: str, body: Html) -> Html:
    heading = tag("h2", title, id=f"{name}-title")
    return join([tag("section", heading, body, id=name, aria_labelledby=f"{name}-title")])
