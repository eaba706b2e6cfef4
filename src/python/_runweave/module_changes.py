"""What modules change in other modules when they are imported: a task that imports the others alone must not have it.

Python tells nobody that a module's variable was set. So variables are compared after each import with what they were
when the module's own import had ended: of the modules that the import names, at once, and of all, when what was asked
for is loaded. What differs is undone when the modules are hidden, and done again when who did it is given.
"""

import sys

_none = object()
# Those that are looked at as a whole by `guard`, or change with every import, or whose functions are replaced while
# modules are loaded (see `preload` and `import_reads`).
_not_compared = {"sys", "builtins", "__main__", "_frozen_importlib", "_frozen_importlib_external", "importlib._bootstrap", "importlib._bootstrap_external", "genericpath", "posixpath", "pathlib", "pathlib._local", "pathlib._abc"}
# Where modules enter what all will find: dictionaries, by the module that has them.
_registries = {
    "copyreg": lambda module: module.dispatch_table,
    "matplotlib": lambda module: module.colormaps._cmaps,
}

# What the standard library finds out of the system once, for whoever asks first: the same, whoever that is.
_remembered = {"platform._uname_cache", "platform._os_release_cache", "sysconfig._CONFIG_VARS"}

_known = {}  # (name of a module, "" or "registry") → (the dictionary, a copy of it, the ids of its values, its `__all__`)
_changes = []  # all, in their order
_by_name = {}  # name of a module → those that it may have made


class _Change:
    """Of `key` in `values`; or, where `key` is None, of what was added to the list `values`: all of `after`."""

    def __init__(self, owner, values, key, before, after):
        self.owner, self.values, self.key, self.before, self.after = owner, values, key, before, after
        self.is_undone = False
        self.is_remembered = f"{owner}.{key}" in _remembered

    def apply(self, value):
        if self.key is None and value is self.after:
            self.values.extend(self.after)
        elif self.key is None:
            del self.values[-len(self.after) :]
        elif value is _none:
            self.values.pop(self.key, None)
        else:
            self.values[self.key] = value


def take(name):
    """Its import has ended: what differs from now on is another module's doing."""
    module = sys.modules.get(name)
    # What is of another type may do anything when it is asked, such as load itself. `os.path` is another's name.
    if type(module) is not type(sys) or name in _not_compared or name.startswith("_runweave") or vars(module).get("__name__") != name:
        return
    _take(name, "", vars(module))
    if name in _registries:
        try:
            _take(name, "registry", _registries[name](module))
        except AttributeError:
            pass  # another version of it


def _take(name, part, values):
    exported = values.get("__all__") if part == "" else None
    _known[name, part] = values, dict(values), list(map(id, values.values())), exported[:] if type(exported) is list else None


def note(names, *by):
    """Compares these modules; what has changed was done by one of `by`."""
    for name in names:
        for part in ("", "registry") if name in _registries else ("",):
            known = _known.get((name, part))
            if known is not None:
                _compare(name, part, *known, by)


def note_all(by):
    note({name for name, _ in _known}, *by)


def _compare(name, part, values, before, ids, exported, by):
    now = values.get("__all__") if exported is not None else None
    is_same = len(values) == len(ids) and list(map(id, values.values())) == ids
    if is_same and (exported is None or exported == now):
        return
    if part == "" and (sys.modules.get(name) is None or vars(sys.modules[name]) is not values or type(sys.modules[name]) is not type(sys)):
        del _known[name, part]  # it has replaced itself
        return
    for key in [*values, *(key for key in before if key not in values)]:
        old, new = before.get(key, _none), values.get(key, _none)
        if old is new or (part == "" and (key[:2] == key[-2:] == "__" or f"{name}.{key}" in sys.modules)):
            continue  # submodules are seen to in `preload`
        _add(_Change(name, values, key, old, new), by)
    if type(now) is list and now is before["__all__"] and now[: len(exported)] == exported and len(now) > len(exported):
        _add(_Change(name, now, None, [], now[len(exported) :]), by)
    _take(name, part, values)


def _add(change, by):
    _changes.append(change)
    for each in by:
        _by_name.setdefault(each, []).append(change)


def undo(comes_with):
    """`comes_with(one, another)` tells whether who imports the first gets the second as well: then nothing is to be undone."""
    makers = {}
    for name, changes in _by_name.items():
        for change in changes:
            makers.setdefault(change, []).append(name)
    for change in reversed(_changes):
        if not any(comes_with(change.owner, name) for name in makers.get(change, ())):
            change.is_undone = True
            change.apply(change.before)
    for name in list(_by_name):
        _by_name[name] = [change for change in _by_name[name] if change.is_undone]
        if not _by_name[name]:
            del _by_name[name]
    _known.clear()


def makers():
    """Names of the modules that `redo` is for."""
    return _by_name.keys()


def redo(names):
    """These are given, with what they did."""
    for change in _to_redo(names):
        change.is_undone = False
        if not change.is_remembered or change.values.get(change.key, _none) is change.before:
            change.apply(change.after)


def _to_redo(names):
    wanted = {change for name in names for change in _by_name.get(name, ()) if change.is_undone}
    return [change for change in _changes if change in wanted] if wanted else []


def replaced(names):
    """What these have changed and the task has changed before, as `module.name`; or None."""
    now = {}  # (the dictionary's id, a key) → the value before the next change
    for change in _to_redo(names):
        if change.key is None:
            continue
        place = id(change.values), change.key
        value = now.get(place, change.values.get(change.key, _none))
        now[place] = change.after
        # The second, of a module that sets its variables as they are asked for: from the same place.
        if value is change.before or value is change.after or change.is_remembered:
            continue
        # What wraps a function would wrap another one. Other values do not depend on what was there.
        expected = () if callable(change.after) else [each for one in _changes if one.values is change.values and one.key == change.key for each in (one.before, one.after)]
        if not any([value is each for each in expected]):
            return f"{change.owner}.{change.key}"
    return None
