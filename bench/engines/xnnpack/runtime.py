"""XNNPACK's pinned runtime: the library that ExecuTorch's official wheels carry.

Its functions are no documented part of the wheels, so the wheels are pinned by their hashes. They are
unpacked, never installed. The library is BSD-licensed.
"""

from __future__ import annotations

from bench.speed_benchmark import Component, Download, Runtime

__all__ = ["make_runtimes"]

_VERSION = "1.5.1"

_WHEELS = {
    "x86_64": Download(
        name=f"executorch-{_VERSION}-cp311-cp311-manylinux_2_28_x86_64.whl",
        sha256="274c28c2fe2b76acb03f9fa381537425c40e0098dcf886baf6d97a1a55ffe300",
        size=18_887_977,
        requirement=f"executorch=={_VERSION}",
        tags=("311", "cp311", "manylinux_2_28_x86_64"),
    ),
    "aarch64": Download(
        name=f"executorch-{_VERSION}-cp311-cp311-manylinux_2_28_aarch64.whl",
        sha256="8ee02348a3ea80ddf770822911ebf78da616b73afce0fbaaa79f23311c88c66a",
        size=17_810_491,
        requirement=f"executorch=={_VERSION}",
        tags=("311", "cp311", "manylinux_2_28_aarch64"),
    ),
}

_MEMBERS = r"executorch/lib/(libexecutorch(?:_backend_xnnpack|_threadpool)?\.so)"

_LIBRARIES = {
    "x86_64": Component(
        "xnnpack-x86_64",
        _WHEELS["x86_64"],
        _MEMBERS,
        sha256="333a109eda3483a46f171ac5bdf445bf1aef6158e1773457890dcc176921a023",
        size=3_477_745,
    ),
    "aarch64": Component(
        "xnnpack-aarch64",
        _WHEELS["aarch64"],
        _MEMBERS,
        sha256="64c3d09fa251a3ae49a90887999312296728168294a1718a81ff66610e91ee95",
        size=3_014_241,
    ),
}


def make_runtimes(realisation: str) -> dict[str, Runtime]:
    """Give the runtime by the machine that the program is for.

    `realisation` is the type of 8-bit activations. It is in the label, and so in every journal and table.
    """
    return {
        machine: Runtime(
            sources="xnnpack",
            label=f"executorch {_VERSION} XNNPACK {realisation} {machine}",
            libraries=libraries,
            linked=("libexecutorch_backend_xnnpack.so", "libexecutorch_threadpool.so"),
            compile_flags=("-std=c++14",),
            zig=f"{machine}-linux-gnu.2.28",  # the glibc that the wheels ask for
        )
        for machine, libraries in _LIBRARIES.items()
    }
