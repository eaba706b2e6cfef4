"""Python values to strict JSON values, without importing the libraries that they come from."""

from __future__ import annotations

import math
import operator
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_largest_exact_integer = 2**53
# Of a value in JSON; the line that it is written in has room for 200 (src/model/nested-json.ts).
_most_levels = 190


def _real(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _whole(value: int) -> int | str:
    return value if -_largest_exact_integer <= value <= _largest_exact_integer else str(value)


def number(value: Any) -> int | float | str:
    """A metric's value in JSON (a number, or "NaN", "Infinity", "-Infinity") from anything that is one number: int,
    float, Decimal, NumPy scalar, tensor of one element.

    Raises TypeError for anything else.
    """
    kind = type(value)
    if kind is float:
        return _real(value)
    if kind is not int:
        if isinstance(value, (str, bytes, bytearray)):
            raise TypeError(f"a metric's value must be a number, not {value!r}")
        try:
            value = value.item() if hasattr(value, "item") else value
            value = operator.index(value) if hasattr(value, "__index__") else float(value)
        except (TypeError, ValueError) as error:
            raise TypeError(f"a metric's value must be one number, not {type_name(kind)}") from error
        if type(value) is float:
            return _real(value)
    if -_largest_exact_integer <= value <= _largest_exact_integer:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return "Infinity" if value > 0 else "-Infinity"


def step(value: Any) -> int:
    """A metric's step. Raises TypeError unless it is a whole number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return int(operator.index(value))
    except TypeError:
        raise TypeError(f"a metric's step must be a whole number, not {value!r}") from None


def json_value(value: Any, arrays: bool = True, texts: list[str] | None = None, levels: int = _most_levels) -> Any:
    """A strict JSON value. NumPy scalars, tuples, paths and, if `arrays`, NumPy arrays are converted.

    Whole numbers that a number of JSON would round, NaN and the infinities become text, which is put into `texts`.

    Raises TypeError, naming the type, for what JSON cannot hold, and for what is nested more than `levels` deep.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, float)):
        number = _whole(int(value)) if isinstance(value, int) else _real(float(value))
        if texts is not None and isinstance(number, str):
            texts.append(number)
        return number
    if levels == 0:
        raise TypeError(f"a value that is nested more than {_most_levels} levels deep")
    if isinstance(value, (list, tuple)):
        return [json_value(item, arrays, texts, levels - 1) for item in value]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"a key of type {type_name(type(key))}")
        return {str(key): json_value(item, arrays, texts, levels - 1) for key, item in value.items()}
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        if arrays or not getattr(value, "ndim", 0):
            return json_value(value.tolist(), arrays, texts, levels)
    raise TypeError(f"a value of type {type_name(type(value))}")


def json_or_text(value: Any) -> Any:
    """As `json_value`, or `str(value)` for what JSON cannot hold: a parameter is there to be read."""
    try:
        return json_value(value)
    except TypeError:
        return str(value)


def type_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
