"""Whether a task has changed where modules are looked for, so that an import of its own would have found others.

Modules that are given together were found together, before there was a task; the task's own import looks for the one
that it names only.
"""

import os
import sys
from _frozen_importlib_external import BYTECODE_SUFFIXES, SOURCE_SUFFIXES
from _imp import extension_suffixes

_suffixes = (*SOURCE_SUFFIXES, *BYTECODE_SUFFIXES, *extension_suffixes())
_places = []  # of `sys.path`, when the task began
_hooks = []  # what finds modules, when the task began


def begin():
    _places[:] = _folders()
    _hooks[:] = _all_hooks()


def _folders():
    try:
        return [os.path.abspath(each) for each in sys.path if isinstance(each, str)]
    except OSError:  # the working directory is gone
        return [each for each in sys.path if isinstance(each, str)]


def _all_hooks():
    return [*sys.meta_path, *sys.path_hooks]


def change(found, missed):
    """Why an import would have found others than before: top-level names and their folders, and names that were missed.

    `found` has "" as the folder of what is in no folder. None if it would have found the same.
    """
    if _all_hooks() != _hooks and not {id(each) for each in _all_hooks()} <= {id(each) for each in _hooks}:
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
