"""From a graph of nodes to operators, whatever format the model comes in.

Reading order: `graph` (nodes and tensors, as ONNX names them), `rewriting` and `simplifying` (what engines
fold and drop before they run a graph; with `idle` and `folding`), `types` (what is held in 8 bits), `layouts`
(which tensors are feature maps), `net` and
`mapping` (each node as operators, or the reason why not), with the mappers of nodes in `layers`,
`elementwise`, `moving` and `quantised`. `watching` and `checking` hold each mapper to its node.
"""

from __future__ import annotations

from lut.frontends.nodes.graph import MALFORMED, Graph, Node, Value
from lut.frontends.nodes.layouts import Reach, tell_images
from lut.frontends.nodes.mapping import map_graph
from lut.frontends.nodes.quantised import PLAIN

__all__ = ["MALFORMED", "PLAIN", "Graph", "Node", "Reach", "Value", "map_graph", "tell_images"]
