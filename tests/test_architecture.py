"""The house keeps its floors: who imports whom, where click, tqdm, print and sys.exit may stand.

Everything here is read off the sources, so that no test depends on what happens to be imported. A new
file fails until it is put on a floor below, on purpose.
"""

import ast
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "lut.argument_text",
        "lut.cache",
        "lut.caffe2_pb2",
        "lut.disturbance",
        "lut.drift",
        "lut.errors",
        "lut.files",
        "lut.key_reader",
        "lut.records",
        "lut.resumed_times",
        "lut.run_drift",
        "lut.sidecar",
        "lut.visits",
    ),
    (
        "lut",
        "lut.block_table",
        "lut.calibration",
        "lut.calibration_fit",
        "lut.canonical",
        "lut.comparison",
        "lut.coverage",
        "lut.crossval",
        "lut.curve",
        "lut.extend",
        "lut.families",
        "lut.formats",
        "lut.frontends",
        "lut.get_runtime",
        "lut.index",
        "lut.index_cache",
        "lut.index_scan",
        "lut.interpolation",
        "lut.journal",
        "lut.journal_drift",
        "lut.journal_lines",
        "lut.merge",
        "lut.netdef",
        "lut.ops",
        "lut.plan",
        "lut.pools",
        "lut.query",
        "lut.rendering",
        "lut.report",
        "lut.spaces",
        "lut.stores",
        "lut.table",
        "lut.totals",
        "lut.validation",
        "lut.validation_plot",
        "lut.validation_text",
        "lut.zoo",
    ),
    ("bench", "bench.forecast", "bench.model_nets", "bench.nets", "bench.starting", "bench.workers"),
    ("bench.speed_benchmark",),
    ("bench.device_runner", "bench.op_generators"),
    ("bench.drift_sample", "bench.fleet"),
    ("bench.campaign", "bench.protocol", "bench.validation"),
    ("bench.doctor", "bench.live"),
    (
        "bench.cli",
        "bench.cli_doctor",
        "bench.cli_generate",
        "bench.cli_run",
        "bench.cli_validate",
        "bench.console",
        "bench.console_protocol",
        "bench.console_spaces",
        "lut.cli",
        "lut.cli_blocks",
        "lut.cli_completion",
        "lut.cli_coverage",
        "lut.cli_merge",
        "lut.cli_models",
        "lut.cli_report",
        "lut.cli_tables",
        "lut.console",
        "lut.console_tables",
    ),
)
"""Bottom first. A unit is a module, or a package with all that is in it; `lut` and `bench` alone stand
for their `__init__.py`. A unit imports units of its own floor and of lower ones."""

STRANGERS = (
    {"bench.op_generators", "bench.device_runner"},
    {"bench.op_generators", "bench.speed_benchmark"},
    {"lut.cli", "bench.cli"},
)
"""Units that never see each other, though their floors would let them."""

CLI_FILES = set(FLOORS[-1])

LUT_SEES_BENCH = {("lut.cli_coverage", "bench.console_spaces"), ("lut.cli_coverage", "bench.op_generators")}
"""`lut` never imports `bench`, but for one command: `lut coverage` asks a table for a search space, and the
spaces are generators of operators to measure. The two meet on the top floor, in a file of its own."""


@cache
def sources() -> dict[str, Path]:
    """Every module of the project, by its dotted name."""
    files = (path for package in ("lut", "bench") for path in (ROOT / package).rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in files
    }


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(sources()[module].read_text())


def imports(module: str) -> Iterator[str]:
    """What a module imports, at its top or within: modules, and names that may be modules."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute here"
            assert node.module is not None
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in sources() else node.module for name in inner)


def unit_of(module: str) -> str | None:
    units = [unit for floor in FLOORS for unit in floor]
    if module in units:
        return module
    inside = [unit for unit in units if "." in unit and module.startswith(f"{unit}.")]
    return inside[0] if inside else None


def floor_of(unit: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if unit in floor)


def calls(module: str) -> Iterator[str]:
    """The functions a module calls or passes on, as they are written: `print`, `sys.exit`."""
    for node in ast.walk(tree(module)):
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield ast.unparse(node)


every_module = pytest.mark.parametrize("module", sorted(sources()))


@every_module
def test_every_file_has_a_floor(module: str) -> None:
    assert unit_of(module) is not None, f"put {module} on one of FLOORS"


def test_every_unit_of_the_floors_exists() -> None:
    assert {unit for floor in FLOORS for unit in floor} <= sources().keys()


@every_module
def test_imports_go_down(module: str) -> None:
    unit = unit_of(module)
    assert unit is not None
    for imported in imports(module):
        other = unit_of(imported)
        if other is None or other == unit:
            continue
        assert floor_of(other) <= floor_of(unit), f"{module} imports {imported} from a floor above"
        assert {unit, other} not in STRANGERS, f"{module} imports {imported}"
        if unit.startswith("lut") and other.startswith("bench"):
            assert (unit, other) in LUT_SEES_BENCH, f"{module} imports {imported}"


def test_imports_are_seen() -> None:
    assert "lut.frontends.caffe2" in imports("lut.frontends")
    assert "lut.records" in imports("lut.ops.rule")
    assert "bench.speed_benchmark.build" in imports("bench.device_runner.host")


@every_module
def test_console_libraries_stay_in_the_command_lines(module: str) -> None:
    if module not in CLI_FILES:
        assert not {"click", "tqdm"} & {name.partition(".")[0] for name in imports(module)}
        assert "print" not in calls(module)


def test_the_process_ends_in_one_place() -> None:
    enders = {"sys.exit", "exit", "quit", "os._exit", "SystemExit"}
    raisers = [(module, name) for module in sources() for name in calls(module) if name in enders]
    assert raisers.count(("lut.console", "sys.exit")) == 1
    # The one SystemExit is caught, not raised: click's answer to a broken pipe.
    assert set(raisers) == {("lut.console", "sys.exit"), ("lut.console", "SystemExit")}


REGISTRIES: dict[str, tuple[set[str], tuple[str, ...]]] = {
    "lut.ops": ({"rule", "window"}, ("RULES",)),
    "lut.formats": ({"format", "json_record", "lines"}, ("FORMATS",)),
    "lut.frontends": ({"model"}, ("FRONTENDS",)),
    "lut.report": (
        {"chart", "columns", "html", "material", "numbers", "packing", "page", "runs", "section", "story"},
        ("SECTIONS",),
    ),
    "lut.spaces": ({"block_space", "fbnet_layers"}, ("BLOCK_SPACES",)),
    "bench.op_generators": ({"expression", "family", "grid_file", "space"}, ("FAMILIES", "SPACES")),
    "bench.device_runner": (
        {
            "arguments",
            "bundle",
            "canary",
            "connection",
            "device",
            "endurance",
            "foreign",
            "gates",
            "host_load",
            "interruption",
            "kind",
            "manifest",
            "parse",
            "phone",
            "phone_process",
            "probes",
            "profile",
            "program_run",
            "session",
            "turns",
            "usb_phones",
            "whole_nets",
        },
        ("DEVICES",),
    ),
}
"""For each folder the modules that register nothing, and the names of its registries."""


def home_modules(value: object) -> set[str]:
    """The modules whose functions a registry's value is made of."""
    parts = [value, *(getattr(value, name) for name in getattr(value, "__dataclass_fields__", ()))]
    functions = [part.func if isinstance(part, partial) else part for part in parts]
    return {function.__module__ for function in functions if callable(function)}


@pytest.mark.parametrize("package", REGISTRIES)
def test_every_file_of_a_registry_s_folder_is_listed(package: str) -> None:
    helpers, names = REGISTRIES[package]
    values = [value for name in names for value in getattr(import_module(package), name).values()]
    listed = set().union(*map(home_modules, values)) | {f"{package}.{helper}" for helper in helpers}
    present = {module for module in sources() if module.startswith(f"{package}.")}
    assert present == {module for module in listed if module.startswith(package)}
