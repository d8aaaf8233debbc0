"""The original lookup, stated again and independently: what its tables and its sums mean.

It takes nothing from `lut`: whatever the two have in common was written twice.
"""

import json
from typing import Any, NamedTuple

Line = dict[str, Any]

_KEYS = {
    *("op_type", "op_args", "input_shapes", "input_dtypes", "device"),
    *("runtime_us_p0", "runtime_us_p10", "runtime_us_p50", "runtime_us_p90", "runtime_us_p100"),
}


class Answer(NamedTuple):
    all_found: bool
    total: float


def load_database(text: str) -> list[Line]:
    """Read a table. Records with other keys than the ten are refused."""
    database = []
    for line in text.split("\n"):
        if line == "":
            continue
        record = json.loads(line)
        if set(record) != _KEYS:
            raise KeyError(set(record) ^ _KEYS)
        record["op_args"] = [arg for arg in record["op_args"] if "ws_nbytes_limit" not in arg]
        database.append(record)
    return database


def look_up(queries: list[Line], device: str, database: list[Line]) -> Answer:
    """Sum the mean medians over a net's operators; what is not found counts 0."""
    all_found, total = True, 0.0
    for query in queries:
        medians = _medians(query, query["op_type"], device, database)
        if not medians and query["op_type"] == "Int8Conv":
            medians = _medians(query, "Int8ConvRelu", device, database)
        if medians:
            total += sum(medians) / len(medians)
        else:
            all_found = False
    return Answer(all_found, total)


def _medians(query: Line, op_type: str, device: str, database: list[Line]) -> list[float]:
    return [
        record["runtime_us_p50"]
        for record in database
        if record["op_type"] == op_type
        and record["device"] == device
        and all(record[key] == query[key] for key in ("op_args", "input_shapes", "input_dtypes"))
    ]
