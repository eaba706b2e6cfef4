"""A task that is a Python function: parameters in, returns out."""

import inspect
import os
import sys

from . import observe
from .report import TaskError, fail, raise_as_if_bare


def run_call(target, folder=None):
    """Calls `package.module:function`, found from `folder` or the current directory, with the task's parameters by name."""
    folder = folder or os.getcwd()
    sys.argv[:] = [target]
    if getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, folder)
    else:
        sys.path[0] = folder
    observe.begin()
    hidden = ()
    try:
        function = _resolve(target, folder)
        positional, named = _arguments(function, target)
        result = function(*positional, **named)
        if inspect.isawaitable(result):
            import asyncio

            hidden = (os.path.dirname(asyncio.__file__),)
            result = asyncio.run(_awaited(result))
        _return(result, target)
    except TaskError as error:
        fail(error)
    except BaseException as error:
        raise_as_if_bare(error, hidden)


async def _awaited(value):
    return await value


def _resolve(target, folder):
    module_name, _, attributes = target.partition(":")
    try:
        __import__(module_name)
    except ModuleNotFoundError as error:
        # Only if it is this module that is missing, and not one that it imports.
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise
        raise TaskError("ModuleNotFoundError", f"call {target}: no module {error.name} in {folder}") from None
    value = sys.modules[module_name]
    for attribute in attributes.split("."):
        if not hasattr(value, attribute):
            file = getattr(sys.modules[module_name], "__file__", None) or module_name
            near = _near(attribute, [name for name in dir(value) if not name.startswith("_")])
            raise TaskError("AttributeError", f"call {target}: {_relative(file)} has no {attribute!r}{near}")
        value = getattr(value, attribute)
    if not callable(value):
        raise TaskError("TypeError", f"call {target}: this is not a function but {type(value).__name__}")
    return value


def _arguments(function, target):
    import runweave

    given = {name: _given(name, target) for name in runweave.params}
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some functions written in C have no signature
        return [], given
    where = f"call {target} ({_place(function)})"
    by_name = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    missing = [p.name for p in by_name if p.default is p.empty and p.name not in given]
    if missing:
        raise TaskError(
            "TypeError", f"{where}: parameter {_listed(missing)} has no default and the task does not set it"
        )
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        names = [p.name for p in by_name]
        unknown = [name for name in given if name not in names]
        if unknown:
            near = _near(unknown[0], [name for name in names if name not in given])
            raise TaskError("TypeError", f"{where}: the function has no parameter {_listed(unknown)}{near}")
    positional = [given.pop(p.name) for p in by_name if p.kind is p.POSITIONAL_ONLY and p.name in given]
    return positional, given


def _given(name, target):
    import runweave

    try:
        return runweave.params[name]
    except RuntimeError as error:  # another task returned it as an object, and it cannot be read
        raise TaskError(type(error.__cause__ or error).__name__, f"call {target}: parameter {name!r}: {error}") from None


def _return(result, target):
    if result is None:
        return
    import runweave

    values = result if isinstance(result, dict) and all(isinstance(key, str) for key in result) else {"value": result}
    lines = []
    for name, value in values.items():
        try:
            lines.append(runweave._return(name, value))
        except TypeError as error:
            what = f"returned {name!r}: " if values is result else "returned "
            raise TaskError("TypeError", f"call {target}: {what}{error}") from None
    runweave._log.write(lines)


def _place(function):
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{_relative(code.co_filename)}:{code.co_firstlineno}" if code else repr(function)


def _relative(path):
    try:
        relative = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if relative.startswith("..") else relative


def _listed(names):
    return ", ".join(repr(name) for name in names)


def _near(name, known):
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
