"""The file that a task reports into: `RUNWEAVE_LOG`, one JSON object a line.

Every batch of lines is one `os.write` on a descriptor opened with `O_APPEND`, so lines of several threads and forked
processes never tear, no lock can be left locked by a fork, and a process that is killed after a call returned has lost
nothing: the bytes are with the operating system. The JSON is strict (`NaN` and the infinities are strings) and ASCII,
so that any text that Python can hold, lone surrogates included, survives.
"""

from __future__ import annotations

import os
import sys
import time

try:
    from _json import encode_basestring_ascii as _string
except ImportError:  # a Python without the C part of json
    from json.encoder import py_encode_basestring_ascii as _string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

path = os.environ.get("RUNWEAVE_LOG") or None
"""Absolute path of the log, or None outside a run."""

_flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_descriptor = -1
_told = False


def now() -> str:
    """Nanoseconds since 1970, as text: a JSON number would lose the last digits in JavaScript."""
    return str(time.time_ns())


def enabled() -> bool:
    """Whether there is a run to report to; says once on stderr if there is none."""
    global _told
    if path is None and not _told:
        _told = True
        print("runweave: not inside a run, so nothing is recorded", file=sys.stderr)
    return path is not None


def _encode(value: Any) -> str:
    """Strict JSON of what `_values` lets through: NaN and the infinities are strings by then."""
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict):
        return "{" + ",".join([f"{_string(key)}:{_encode(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_encode(item) for item in value]) + "]"
    return repr(value)


def line(values: dict[str, Any]) -> str:
    """As it is written."""
    return _encode(values) + "\n"


def write(lines: Iterable[dict[str, Any] | str]) -> None:
    """Appends strict-JSON objects, or lines that are made of them already. Does nothing outside a run."""
    global _descriptor
    if path is None:
        return
    data = "".join([each if isinstance(each, str) else line(each) for each in lines]).encode("ascii")
    if not data:
        return
    if _descriptor < 0:
        # Two threads may both open the file here: harmless, as either descriptor appends to the same file.
        _descriptor = os.open(path, _flags, 0o644)
    written = os.write(_descriptor, data)
    while written < len(data):  # only on a full disk or a signal in the middle of a very large batch
        written += os.write(_descriptor, data[written:])
