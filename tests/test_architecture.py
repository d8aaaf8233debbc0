"""The house keeps its floors: who imports whom, where click, tqdm, print and sys.exit may stand.

Everything here is read off the sources, so that no test depends on what happens to be imported. A new
room fails until it is put on a floor below, on purpose.
"""

import ast
from collections.abc import Iterator
from functools import cache, partial
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS: tuple[tuple[str, ...], ...] = (
    ("lut.caffe2_pb2", "lut.engines", "lut.errors", "lut.lazy", "lut.program", "lut.wording"),
    ("lut.cache", "lut.files", "lut.schema"),
    ("lut.ops",),
    ("lut.entries", "lut.frontends", "lut.plan", "lut.records"),
    ("lut.drift", "lut.zoo"),
    ("lut.journal",),
    ("lut.sidecar",),
    ("lut.estimation",),
    ("lut.table", "lut.validation"),
    ("lut.merge", "lut.report", "lut.spaces"),
    ("lut", "lut.extend", "lut.fill"),
    ("lut.cli",),
    ("bench", "bench.program", "bench.starting"),
    ("bench.speed_benchmark",),
    ("bench.engines",),
    ("bench.device_runner", "bench.op_generators"),
    ("bench.numbers", "bench.sampling"),
    ("bench.campaign", "bench.doctor"),
    ("bench.farm",),
    ("bench.cli",),
)
"""Bottom first. A room is a module at the root of `lut` or `bench`, or a package there with all that is in
it; `lut` and `bench` alone stand for their `__init__.py`. A room imports rooms of lower floors only."""

CLI_ROOMS = {"bench.cli", "lut.cli"}

MOST_MODULES_AT_A_ROOT = 14


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


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def floor_of(room: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if room in floor)


def is_package(module: str) -> bool:
    return sources()[module].name == "__init__.py"


def children(package: str) -> list[str]:
    """The modules and packages directly in a package."""
    return [module for module in sources() if module.rpartition(".")[0] == package]


def child_of(package: str, module: str) -> str:
    """The child of a package in which a module lies."""
    return ".".join(module.split(".")[: package.count(".") + 2])


def calls(module: str) -> Iterator[str]:
    """The functions a module calls or passes on, as they are written: `print`, `sys.exit`."""
    for node in ast.walk(tree(module)):
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield ast.unparse(node)


every_module = pytest.mark.parametrize("module", sorted(sources()))
every_package = pytest.mark.parametrize("package", sorted(filter(is_package, sources())))


def test_every_room_has_one_floor() -> None:
    assert sorted(room for floor in FLOORS for room in floor) == sorted(set(map(room_of, sources())))


@every_module
def test_imports_go_down(module: str) -> None:
    room = room_of(module)
    for imported in imports(module):
        other = room_of(imported)
        if imported in sources() and other != room:
            assert floor_of(other) < floor_of(room), f"{module} imports {imported}, which is no floor below"


@every_module
def test_rooms_are_entered_by_their_doors(module: str) -> None:
    """Of what is not in its own package a module names the outermost package that it is not in itself."""
    for imported in imports(module):
        if imported not in sources() or imported.count(".") < 2:
            continue
        package = imported.rpartition(".")[0]
        home = module if is_package(module) else module.rpartition(".")[0]
        assert f"{home}.".startswith(f"{package}."), f"{module} imports {imported} past {package}"


@every_module
def test_no_module_imports_a_package_it_is_in(module: str) -> None:
    for imported in imports(module):
        assert not module.startswith(f"{imported}."), f"{module} imports {imported}"


@every_package
def test_no_circle_in_a_package(package: str) -> None:
    inside = {child: set[str]() for child in children(package)}
    for module in sources():
        if module.startswith(f"{package}."):
            own = child_of(package, module)
            named = (child_of(package, name) for name in imports(module) if name.startswith(f"{package}."))
            inside[own].update(name for name in named if name in inside and name != own)
    tuple(TopologicalSorter(inside).static_order())  # a circle is a CycleError, which names it


@pytest.mark.parametrize("root", ["bench", "lut"])
def test_a_root_holds_few_modules(root: str) -> None:
    modules = [root, *(child for child in children(root) if not is_package(child))]
    assert len(modules) <= MOST_MODULES_AT_A_ROOT


def test_lut_names_bench_in_two_lines() -> None:
    """Commands of `lut` that need a search space, which is a generator of operators to measure."""
    lines = [
        line.strip()
        for module, path in sources().items()
        if room_of(module).startswith("lut")
        for line in path.read_text().splitlines()
        if "bench." in line
    ]
    assert [line for line in lines if "bench.cli" in line] == [
        '"coverage": "bench.cli.coverage:coverage",',
        '"fill": "bench.cli.fill:fill",',
    ]
    assert not [line for line in lines if "import" in line]


def test_imports_are_seen() -> None:
    assert "lut.frontends.caffe2" in imports("lut.frontends")
    assert "lut.ops.spec" in imports("lut.ops.rules.rule")
    assert "bench.engines" in imports("bench.device_runner.host")


@every_module
def test_console_libraries_stay_in_the_command_lines(module: str) -> None:
    if room_of(module) not in CLI_ROOMS:
        assert not {"click", "tqdm"} & {name.partition(".")[0] for name in imports(module)}
        assert "print" not in calls(module)


def test_what_is_printed_goes_through_one_place() -> None:
    """The one that lets nothing move a terminal; the other prints a word before anything is imported."""
    printers = {"click.echo", "click.secho", "tqdm", "print", "sys.stdout.write", "sys.stderr.write"}
    users = {(module, name) for module in sources() for name in calls(module) if name in printers}
    assert users == {
        ("lut.cli.console", "click.echo"),
        ("lut.cli.console", "tqdm"),
        ("lut.program", "sys.stderr.write"),
    }


def test_the_process_ends_in_one_place() -> None:
    enders = {"sys.exit", "exit", "quit", "os._exit", "SystemExit"}
    raisers = [(module, name) for module in sources() for name in calls(module) if name in enders]
    assert raisers.count(("lut.cli.console", "sys.exit")) == 1
    # The one SystemExit is caught, not raised: click's answer to a broken pipe.
    assert set(raisers) == {("lut.cli.console", "sys.exit"), ("lut.cli.console", "SystemExit")}


REGISTRIES: dict[str, tuple[set[str], tuple[str, ...]]] = {
    "lut.ops.rules": ({"rule", "window"}, ("RULES",)),
    "lut.table.formats": ({"format", "json_record", "lines"}, ("FORMATS",)),
    "lut.frontends": (
        {
            "fates",
            "finding",
            "fusion",
            "memory",
            "model",
            "named",
            "netdef",
            "nodes",
            "open_sizes",
            "packages",
            "writer",
        },
        ("FRONTENDS",),
    ),
    "lut.report": (
        {"chart", "columns", "html", "material", "numbers", "packing", "page", "runs", "section"},
        ("SECTIONS",),
    ),
    "lut.spaces": (
        {"block_files", "block_space", "block_table", "fbnet_layers", "options"},
        ("BLOCK_SPACES",),
    ),
    "bench.op_generators": ({"expression", "family", "grid_file", "space"}, ("FAMILIES", "SPACES")),
    "bench.device_runner": (
        {
            "address",
            "block",
            "device",
            "endurance",
            "gaps",
            "host_load",
            "inside_nets",
            "interruption",
            "kind",
            "output",
            "processors",
            "program",
            "session",
            "steadiness",
            "suspects",
            "values",
            "visits",
            "watch",
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
    assert set(children(package)) == {
        child_of(package, module) for module in listed if module.startswith(f"{package}.")
    }
