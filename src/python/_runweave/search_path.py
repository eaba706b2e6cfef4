"""Whether a task has changed where modules are looked for, so that an import of its own would have found others.

Modules that are given together were found together, before there was a task; the task's own import looks for the one
that it names only.
"""

import os
import sys
from _frozen_importlib_external import BYTECODE_SUFFIXES, SOURCE_SUFFIXES, PathFinder
from _imp import extension_suffixes

_suffixes = (*SOURCE_SUFFIXES, *BYTECODE_SUFFIXES, *extension_suffixes())
_places = []  # of `sys.path`, when the task began
_finders = []  # of `sys.meta_path`, when the task began
_hooks = []  # of `sys.path_hooks`, when the task began


def begin():
    _places[:] = _folders()
    _finders[:] = sys.meta_path
    _hooks[:] = sys.path_hooks


def _folders():
    try:
        return [os.path.abspath(each) for each in sys.path if isinstance(each, str)]
    except OSError:  # the working directory is gone
        return [each for each in sys.path if isinstance(each, str)]


def _is_new(hook, known):
    return not any([hook is each for each in known])


def _is_hooked(group, missed):
    """Whether what the task has put on `sys.meta_path` finds any of these: asked as an import would ask it.

    Packages put theirs there, and most answer for few names (six, MLflow).
    """
    names = [(name, getattr(group.get(name.rpartition(".")[0]), "__path__", None)) for name in group]
    for finder in list(sys.meta_path):
        if finder is PathFinder:
            names = []  # what comes after it is asked for what it does not find
        find = getattr(finder, "find_spec", None)
        if find is not None and _is_new(finder, _finders):
            try:
                if any(find(name, path) is not None for name, path in (*names, *[(each, None) for each in missed])):
                    return True
            except Exception:
                return True
    return False


def change(group, found, missed):
    """Why an import would have found others than before: top-level names and their folders, and names that were missed.

    `group` has the modules, by name; `found` has "" as the folder of what is in no folder. None if it would have found the same.
    """
    if any([_is_new(each, _hooks) for each in sys.path_hooks]) or _is_hooked(group, missed):
        return "after an import hook was installed"
    places = _folders()
    if places == _places:
        return None
    for name, folder in found.items():
        if folder and folder in _places and folder not in places:
            return f"after {folder} was removed from sys.path"
    entries = {}
    for folder in {*found.values(), ""}:
        # Built-in and frozen modules are found before any folder is asked; what is missed is looked for in all.
        wanted = {name for name, each in found.items() if each == folder} if folder else set(missed)
        if folder and folder not in places:
            continue
        now = places[: places.index(folder)] if folder else places
        before = _places[: _places.index(folder)] if folder in _places else _places
        for place in dict.fromkeys(now):
            if place in before:
                continue
            if place not in entries:
                try:
                    entries[place] = os.listdir(place)
                except NotADirectoryError:
                    return f"after {place} was put on sys.path"  # an archive
                except OSError:
                    entries[place] = []
            for entry in entries[place]:
                name = entry.partition(".")[0]
                if name in wanted and _is_module(os.path.join(place, entry), name in missed):
                    return f"after {place}, which has a module {name}, was put on sys.path"
    return None


def _is_module(path, was_missed):
    # A folder that is no package is found only where nothing else is.
    if path.endswith(_suffixes):
        return True
    return os.path.isdir(path) and (was_missed or os.path.exists(os.path.join(path, "__init__.py")))
