"""Objects that tasks return and get, where JSON cannot hold them: pickled into a file, read in the process that asks.

Only what this project has stored itself is read: the executor names the file and the digest of its bytes.
"""

from __future__ import annotations

import os
import pickle
import sys

from . import _log, _values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_function = type(lambda: None)


class CannotPickle(TypeError):
    """What about a value keeps it from being passed on."""


class Unreadable(RuntimeError):
    """An object that another task returned and that cannot be had here."""


class _Namesakes(Exception):
    """Two modules have one name, and the class is in the other."""


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        # By name, as pickle would: but another process has another __main__.
        if isinstance(value, (type, _function)) and value.__module__ == "__main__":
            raise CannotPickle(f"{value.__qualname__} is defined in the script or notebook itself")
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Finds classes also where the task that returned the object looks for its modules first."""

    def __init__(self, file: Any, folders: list[str]) -> None:
        super().__init__(file)
        self._folders = folders

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._find(module, name)
        except (AttributeError, ModuleNotFoundError) as error:
            namesakes = self._namesakes(module)
            if namesakes is None:
                raise
            of, here, there = namesakes
            raise _Namesakes(f"there are two modules called {of}: {module}.{name} belongs to {there}, and {here} is imported here; rename one of them, or return plain data") from error

    def _find(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError as error:
            # And not one that the class's module imports.
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
        added = [folder for folder in self._folders if folder not in sys.path]
        sys.path += added
        try:
            return super().find_class(module, name)
        finally:
            # The module may have changed the path itself.
            for folder in added:
                if folder in sys.path:
                    del sys.path[-1 - sys.path[::-1].index(folder)]

    def _namesakes(self, module: str) -> tuple[str, str, str] | None:
        """The first module on the way that was loaded from another file than the task that returned the object has: its name, here, there."""
        from importlib.machinery import PathFinder

        folders: list[str] | None = self._folders
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            spec = PathFinder.find_spec(name, folders) if folders is not None else None
            if spec is None:
                return None
            here = getattr(sys.modules.get(name), "__file__", None)
            if here is not None and spec.origin is not None and os.path.realpath(here) != os.path.realpath(spec.origin):
                return name, here, spec.origin
            folders = spec.submodule_search_locations
        return None


def store(name: str, value: Any) -> dict[str, Any]:
    """Pickles a value beside the log, without a copy in memory; returns the line to write. Raises CannotPickle."""
    assert _log.path is not None
    folder = os.path.join(os.path.dirname(_log.path), "artifacts")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{os.urandom(8).hex()}.pkl")
    try:
        with open(path, "wb") as file:
            _Pickler(file, 5).dump(value)
    except BaseException as error:
        if os.path.exists(path):
            os.remove(path)
        # A full disk is no property of the value.
        if isinstance(error, CannotPickle) or not isinstance(error, Exception) or type(error) is OSError:
            raise
        raise CannotPickle(str(error) or type(error).__name__) from None
    return {"type": "pickled-return", "name": name, "path": path, "valueType": _values.type_name(type(value))}


def load(entry: dict[str, Any]) -> Any:
    """The object of an entry of the file `RUNWEAVE_PICKLES`. Raises Unreadable."""
    import hashlib

    try:
        with open(entry["path"], "rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1024 * 1024):
                digest.update(block)
            if f"sha256:{digest.hexdigest()}" != entry["digest"]:
                raise Unreadable(f"{entry['what']} was changed on disk; remove {entry['path']} and run again")
            file.seek(0)
            return _Unpickler(file, entry.get("folders", [])).load()
    except Unreadable:
        raise
    except _Namesakes as error:
        raise Unreadable(f"{entry['what']} cannot be read: {error}") from None
    except FileNotFoundError as error:
        if error.filename != entry["path"]:
            raise Unreadable(f"{entry['what']} cannot be read: {error}") from error
        raise Unreadable(f"{entry['what']} is no longer there; run again") from None
    except Exception as error:
        raise Unreadable(f"{entry['what']} cannot be read: {type(error).__name__}: {error}") from error
