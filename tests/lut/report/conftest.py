"""A small table with its journal, net and validation, and a browser to open the report in."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from lut.cli import entry as cli
from lut.entries import BlockState, Conditions, Failure, Measurement
from lut.merge import merge_journals, write_table
from lut.ops import OpSpec, TensorSpec
from lut.table.formats.json_lut import write
from lut.validation import NetComparison, NetProfile, ProfiledOperator, Validation, write_validation
from tests.lut.samples import (
    CONFIG,
    CONV,
    CONV_RELU,
    DEVICE,
    FC,
    PROGRAM,
    RELU,
    SEGMENT,
    int8_conv,
    record,
    written_journal,
    written_model,
)

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
READY_S = 30

HOSTILE = OpSpec.of("Relu", [TensorSpec((1, 9))], order="</script><script>window.broken=1</script><b>")
"""An operator whose argument would end a script, were it written as it stands."""


@dataclass(frozen=True)
class Files:
    """What a report is made of, on disk."""

    table: Path
    other: Path
    run: Path
    model: Path
    validation: Path


Report = Callable[..., tuple[int, str, str]]


def write_files(folder: Path) -> Files:
    """Write a journal of round figures and all that follows from it; the table lacks the net's Softmax."""
    entries: list[Any] = [SEGMENT, BlockState(SEGMENT.id, {"zone_celsius": "31.5"})]
    ops = [CONV, CONV_RELU, RELU, FC, HOSTILE, *(int8_conv(channels=8 * width) for width in range(3, 40))]
    for pass_index in range(2):
        for number, op in enumerate(ops):
            samples = (1000 * (number + 1), 1100 * (number + 1), 1300 * (number + 1))
            canary = 500 if pass_index else 400
            state = Conditions(2_000_000, 2_000_000, canary, canary, settled=not pass_index)
            entries.append(Measurement.of(op, SEGMENT.id, pass_index, samples, conditions=state))
        entries.append(BlockState(SEGMENT.id, {"zone_celsius": "unavailable", "battery_celsius": "33.0"}))
    entries.append(Failure.of(int8_conv(channels=7), SEGMENT.id, "run", "the engine said <no>"))
    run = written_journal(folder / "zoo.run.jsonl", *entries)
    table = write_table(merge_journals([run], warn=lambda _: None), folder).path
    sidecar = table.with_suffix(".meta.json")
    story = json.loads(sidecar.read_text())
    story["marked"] = [{**CONV.key.to_json(), "reason": "its runs disagree"}]
    sidecar.write_text(json.dumps(story))
    other = folder / "other.json"
    write([record(op, 5.0 * (number + 1)) for number, op in enumerate(ops[1:])], other)
    (folder / "net").mkdir()
    model = written_model(folder / "net")
    operators = (ProfiledOperator(FC.describe(), 6.0, 5.0), ProfiledOperator(RELU.describe(), None, 1.0))
    profile = NetProfile(6, 1.0, 10.0, 11.0, 0.5, operators)
    net = NetComparison("net", 3, (9.0, 9.5, 10.0, 11.0, 12.0), 9.0, profile=profile)
    failed = NetComparison("big", 3, None, 4.0, failure="out of <memory>")
    validation = folder / "validation.json"
    write_validation(
        Validation(DEVICE.name, table.name, SEGMENT.started, CONFIG, PROGRAM, (net, failed)), validation
    )
    return Files(table, other, run, model, validation)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return write_files(tmp_path)


@pytest.fixture
def report_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Report:
    """Run `lut report` in this process; give its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lut", "report", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    return run


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Debian's chromium, without a window."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


class Page:
    """A report in the browser."""

    def __init__(self, browser: webdriver.Chrome, path: Path) -> None:
        self.browser = browser
        self.path = path

    def open(self, link: str = "", width: int = 1280, theme: str = "light") -> None:
        """Open it anew and wait until it can be used."""
        phone = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.browser.get("about:blank")
        self.browser.get(f"{self.path.as_uri()}{link}")
        self.wait("return document.documentElement.dataset.ready")

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script and give what it returns."""
        return self.browser.execute_script(script, *arguments)

    def wait(self, script: str) -> None:
        """Wait until a script returns something true."""
        end = time.monotonic() + READY_S
        while not self.run(script):
            assert time.monotonic() < end, f"waited in vain for: {script}"
            time.sleep(0.02)

    def find(self, selector: str) -> Any:
        return self.browser.find_element("css selector", selector)

    @property
    def count(self) -> str:
        """What the page says of how many records it shows."""
        return str(self.run("return document.getElementById('records-count').textContent"))

    @property
    def first(self) -> str:
        """The first record's text."""
        return str(self.run("return document.querySelector('#records-table tbody th').textContent"))

    @property
    def hash(self) -> str:
        return str(self.run("return location.hash"))

    @property
    def errors(self) -> list[Any]:
        """What the browser's console complained of since this was asked last."""
        return list(self.browser.get_log("browser"))  # type: ignore[no-untyped-call]


@pytest.fixture
def page(chromium: webdriver.Chrome, files: Files, report_command: Report, tmp_path: Path) -> Page:
    """The report of everything, opened."""
    output = tmp_path / "report.html"
    code, _, err = report_command(
        *("--lut", files.table, "--run", files.run, "--model", files.model),
        *("--validate", files.validation, "-o", output),
    )
    assert (code, err.splitlines()[-1].partition(":")[0]) == (0, str(output))
    opened = Page(chromium, output)
    opened.open()
    return opened
