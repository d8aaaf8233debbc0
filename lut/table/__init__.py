"""Tables: finding operators in them, estimating nets from them, asking and comparing them.

Reading order: `estimate` (rows and sums), `quality` (what they are worth), `lut_table`, `models`, `opening`,
`pair` (a table with its sidecar); `stores` and `index*` (where the
records are); `formats` (the files); `totals`, `query`, `comparison` and its `ratio_chart`, `coverage` (what
is asked of a table).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lut.lazy import load_lazily
from lut.table.content import hash_content
from lut.table.coverage import Coverage
from lut.table.estimate import Estimate, QualityShare, Row
from lut.table.formats import format_of, format_record
from lut.table.index import build_index
from lut.table.index_cache import cached_index
from lut.table.lut_table import LutTable
from lut.table.models import EstimatedModel, estimate_models
from lut.table.opening import choose_output, choose_table_file, find_table_file, load_table, table_file_name
from lut.table.pair import TableUpdate, keep_calibration, read_sidecar, update_table
from lut.table.quality import Quality
from lut.table.query import ArgumentFilter, Query, ShapeFilter, parse_argument_filter, parse_shape_filter
from lut.table.stores import IndexStore, MemoryStore, RecordStore

if TYPE_CHECKING:
    from lut.table.comparison import Comparison, OpRatio, compare, describe_families
    from lut.table.ratio_chart import plot_ratios
    from lut.table.totals import Totals

__all__ = [
    "ArgumentFilter",
    "Comparison",
    "Coverage",
    "Estimate",
    "EstimatedModel",
    "IndexStore",
    "LutTable",
    "MemoryStore",
    "OpRatio",
    "Quality",
    "QualityShare",
    "Query",
    "RecordStore",
    "Row",
    "ShapeFilter",
    "TableUpdate",
    "Totals",
    "build_index",
    "cached_index",
    "choose_output",
    "choose_table_file",
    "compare",
    "describe_families",
    "estimate_models",
    "find_table_file",
    "format_of",
    "format_record",
    "hash_content",
    "keep_calibration",
    "load_table",
    "parse_argument_filter",
    "parse_shape_filter",
    "plot_ratios",
    "read_sidecar",
    "table_file_name",
    "update_table",
]

if not TYPE_CHECKING:
    __getattr__ = load_lazily(
        __name__,
        {
            "Comparison": "comparison",
            "OpRatio": "comparison",
            "Totals": "totals",
            "compare": "comparison",
            "describe_families": "comparison",
            "plot_ratios": "ratio_chart",
        },
    )
