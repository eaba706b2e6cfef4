"""Parameters as assignments in the language of a notebook's kernel, as papermill writes them.

Any other language reads them from the environment: `RUNWEAVE_PARAM_<NAME>` and the JSON file `RUNWEAVE_PARAMS`.
"""

import json
import keyword
import math
import re
import shlex

_plain_name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)


def assignments(params, language):
    """Source of a cell that assigns the parameters; None where none can be written. What is no name is left out."""
    if language not in _languages:
        return None
    is_name, assignment = _languages[language]
    lines = [assignment(name, value) for name, value in params.items() if is_name(name)]
    return "\n".join(["# Parameters", *lines]) if lines else None


class Expression(str):
    """Source code in Python, where a value would stand."""


def _python(value):
    """A Python literal of a JSON value."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return "[" + ", ".join(map(_python, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_python(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _r(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"list({', '.join(map(_r, value))})"
    if isinstance(value, dict):
        return f"list({', '.join(f'{_quoted(key)} = {_r(item)}' for key, item in value.items())})"
    return _number(value, "NaN", "Inf")


def _julia(value):
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value).replace("$", "\\$")
    if isinstance(value, list):
        return f"[{', '.join(map(_julia, value))}]"
    if isinstance(value, dict):
        return f"Dict({', '.join(f'{_julia(key)} => {_julia(item)}' for key, item in value.items())})"
    return _number(value, "NaN", "Inf")


def _bash(value):
    return shlex.quote(value if isinstance(value, str) else json.dumps(value))


def _quoted(text):
    """R and Julia know the escapes of JSON, other than that of `/`, which Python does not write."""
    return json.dumps(text, ensure_ascii=False)


def _number(value, nan, infinity):
    if isinstance(value, float) and not math.isfinite(value):
        return nan if math.isnan(value) else infinity if value > 0 else f"-{infinity}"
    return repr(value)


_languages = {
    "python": (lambda name: name.isidentifier() and not keyword.iskeyword(name), lambda n, v: f"{n} = {_python(v)}"),
    "r": (_plain_name.match, lambda n, v: f"{n} = {_r(v)}"),
    "julia": (_plain_name.match, lambda n, v: f"{n} = {_julia(v)}"),
    "bash": (_plain_name.match, lambda n, v: f"{n}={_bash(v)}"),
}
