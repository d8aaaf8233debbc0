"""Table formats. Adding one is one module and one line here."""

from __future__ import annotations

from pathlib import Path

from lut.errors import FileError
from lut.table.formats import json_lut
from lut.table.formats.format import TableFormat
from lut.table.formats.json_lut import format_record
from lut.table.formats.lines import LineSpan, split_lines

__all__ = ["FORMATS", "LineSpan", "TableFormat", "format_of", "format_record"]

FORMATS: dict[str, TableFormat] = {
    ".json": TableFormat(json_lut.open_plain, json_lut.read, json_lut.write, json_lut.scan, split_lines),
    ".json.zip": TableFormat(json_lut.open_zip, json_lut.read_zip, json_lut.write_zip, json_lut.scan_zip),
}


def format_of(path: Path) -> TableFormat:
    """Choose the format by the file's ending.

    Raises:
        FileError: no format has that ending.
    """
    for ending in sorted(FORMATS, key=len, reverse=True):
        if path.name.endswith(ending):
            return FORMATS[ending]
    raise FileError(f"{path} ends in none of {', '.join(FORMATS)}, the table formats known here.")
