"""Random nets of both search spaces, as Caffe2 models in 8 bits."""

from __future__ import annotations

import json
import random
from itertools import repeat
from pathlib import Path

from lut.frontends import write_netdef
from lut.spaces import BLOCKS, list_layers, surroundings
from lut.zoo import CHAMNETS, Architecture
from lut.zoo.architecture import Block, Naming, Published
from lut.zoo.int8 import write_int8
from lut.zoo.quantised import Quantised

__all__ = ["draw_nets", "write_nets"]

_NAMING = Naming("net")
_FIGURE = Quantised(1 / 32, 128)
_UNPUBLISHED = Published(0, 0, 0, 0)


def draw_nets(count: int, seed: int) -> list[Architecture]:
    """Draw nets, of FBNet's and ChamNet's space in turn."""
    chance = random.Random(seed)
    draw = (_draw_fbnet, _draw_chamnet)
    return [draw[number % 2](f"random-{number}", chance) for number in range(count)]


def write_nets(nets: list[Architecture], folder: Path) -> list[Path]:
    """Write each net's model, and give their folders."""
    folders = [folder / net.name / "int8" for net in nets]
    for net, target in zip(nets, folders, strict=True):
        graph = write_int8(net, repeat(_FIGURE))
        target.mkdir(parents=True)
        write_netdef(graph.predict_net(net.name), target / "model.pb")
        write_netdef(graph.init_net(f"{net.name}_init"), target / "model_init.pb")
        (target / "input_dims.json").write_text(json.dumps(net.input_dims))
    return folders


def _draw_fbnet(name: str, chance: random.Random) -> Architecture:
    """Choose a block for each layer, or none where shapes allow."""
    surrounding = surroundings(224)
    blocks = []
    for layer in list_layers(224):
        if layer.keeps_shape and chance.random() < 1 / (len(BLOCKS) + 1):
            continue
        block = chance.choice(BLOCKS)
        blocks.append(
            Block(layer.name, block.expansion, block.kernel, layer.out_channels, layer.stride, block.group)
        )
    last = chance.choice(surrounding.lasts)
    return Architecture(name, 224, surrounding.stem, tuple(blocks), last, _NAMING, _NAMING, _UNPUBLISHED)


def _draw_chamnet(name: str, chance: random.Random) -> Architecture:
    """Take a released ChamNet's layout and resolution, and draw every expansion and width anew."""
    model = chance.choice(CHAMNETS)
    width = chance.uniform(0.7, 1.3)
    blocks = tuple(
        Block(
            block.name,
            block.expansion if block.expansion == 1 else chance.choice((4, 5, 6)),
            block.kernel,
            max(8, round(block.out_channels * width / 8) * 8),
            block.stride,
        )
        for block in model.blocks
    )
    last = max(8, round(model.last * chance.uniform(0.7, 1.3) / 8) * 8)
    return Architecture(name, model.resolution, model.stem, blocks, last, _NAMING, _NAMING, _UNPUBLISHED)
