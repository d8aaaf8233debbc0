"""Makes the pictures of README and guides from a real run on this machine: `python -m tests.docs.pictures`.

It takes a minute or two on a quiet machine, and refuses what a busy one gives.

The released nets in 8 bits are measured operator by operator and then whole. What is drawn is a report of
the table, as a browser shows it, the chart of `bench validate`, estimates beside measured nets, and that of
`lut diff`, two engines family by family.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.lut.report.conftest import FLAGS, Page

__all__ = ["ENGINES", "MOST_BYTES", "PICTURES", "REPORT", "VALIDATION"]

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"
REPORT = PICTURES / "report.png"
VALIDATION = PICTURES / "validation.png"
ENGINES = PICTURES / "engines.png"

MOST_BYTES = 150_000
"""Pictures are cloned with the repository; each has to stay below this."""

_COMMANDS = """\
lut models build all --precision int8 --quiet -o models
bench generate --space models $(printf -- ' --model %s' models/*/int8) -o zoo.plan.jsonl
bench run zoo.plan.jsonl --device host --quiet -o zoo.run.jsonl
lut merge zoo.run.jsonl -o tables
bench validate models/*/int8 --device host --lut tables/*-op_lut_database.json --quiet \
  -o validation.json --plot validation.png
bench run zoo.plan.jsonl --device host --engine xnnpack --quiet -o xnnpack.run.jsonl
lut merge xnnpack.run.jsonl -o xnnpack
lut diff tables/*-op_lut_database.json xnnpack/*-op_lut_database.json --plot engines.png
lut report --lut tables/*-op_lut_database.json --run zoo.run.jsonl $(printf -- ' --model %s' models/*/int8) \
  --validate validation.json -o report.html
"""


def make_pictures() -> None:
    """Measure, draw, and put the pictures where README and guides show them."""
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = {**os.environ, "PATH": path}
        done = subprocess.run(["bash", "-euc", _COMMANDS], cwd=folder, env=variables, check=False)
        if done.returncode:
            raise SystemExit("The pictures stay as they were: they are made of undisturbed measurements.")
        with open_browser(folder / "profile") as browser:
            photograph(browser, folder / "report.html", folder / "report.png")
        for picture in (REPORT, VALIDATION, ENGINES):
            shrink(folder / picture.name, picture)


@contextmanager
def open_browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """Start chromium without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


def photograph(browser: webdriver.Chrome, report: Path, picture: Path) -> None:
    """Take what a reader sees who opens a report."""
    page = Page(browser, report)
    page.open()
    page.wait("return document.querySelector('#nets [data-chart]').dataset.drawn")
    browser.save_screenshot(str(picture))


def shrink(picture: Path, to: Path) -> None:
    """Keep a picture in 256 colours, which nobody sees in charts and text."""
    with Image.open(picture) as image:
        image.convert("RGB").quantize(256).save(to, optimize=True)
    size = to.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{to} has {size} bytes, more than {MOST_BYTES}")


if __name__ == "__main__":
    make_pictures()
