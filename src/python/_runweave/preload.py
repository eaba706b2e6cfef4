"""Modules that are imported before there is a task, and handed to it when it imports them.

A forked task must see what a fresh process sees. So what was preloaded is taken out of `sys.modules` again, and a
finder gives a module back, with all that its import brought along, when the task imports it by the same name and would
find it in the same file. What the task does not import is not there: `"pandas" in sys.modules`, what is observed, and
a module of the workspace that has the name of an installed one are as in a fresh process.

    load ──each root──▶ sys.modules, and who imported what ──hide──▶ _hidden ──the task's import──▶ sys.modules
"""

# What is imported here is loaded before `load` can note what an import brings along: nothing of it may be more than one
# module. So this is not `importlib`, but what Python starts with.
import _frozen_importlib as bootstrap
import _imp
import _warnings
import builtins
import os
import sys
import time
from _frozen_importlib_external import ExtensionFileLoader
from _thread import get_ident

from . import libraries, loggers, module_changes, observe, search_path

_hidden = {}  # name → module, in the order of their first import
_specs = {}  # name of each of them → its `__spec__`
_needs = {}  # name → names that its import brought along, as an ordered set
_searched = {}  # name → top-level names that its import looked for, found or not
_effects = {}  # name → warning filters that its import added; variables that it changed: (value or None, whether it was set)
_groups = {}  # name → what its import gives, as a part of `_hidden`; known ahead for what was asked for
_given = []  # groups that the task has
_packages = {}  # name of a submodule → its package's module
_unbound = set()  # submodules that are an attribute of their package, but not from the package's own import on
_overwritten = {}  # submodule → what its package had by its name before
_none = object()
_told = {}  # name → what is told of its group
_special = []  # names of modules with which more is to be done than to have them
_missed = set()  # top-level names that were looked for and are not there
_reads = None  # what imports looked at besides modules
_tell_misfit = None  # of `misfits`, which imports more than this module may
_environment = {}  # the task's variables, as it was given them, and as the modules that it was given have set them; as bytes
_has_begun = False  # whether what is imported may be the task's
_has_locks = False  # whether the last import held the lock that was looked for


def load(name, reads=None):
    """Imports a module, and notes what each import brings along. Raises what the import raises.

    `reads` is an `ImportReads`, which notes what each one looks at besides modules.
    """
    real_import, real_load, real_gcd = builtins.__import__, bootstrap._load_unlocked, bootstrap._gcd_import
    loading = []  # [name, filters, environment, loggers, handlers] of each module in the middle of its import; the innermost is last
    loaded = []  # names, in the order in which their imports ended
    names_loading = []

    def load_unlocked(spec):
        global _has_locks
        before = set(sys.modules)
        if loading:
            module_changes.note(_needs.get(loading[-1][0], ()), loading[-1][0])
        loading.append([spec.name, list(_warnings.filters), variables(), *loggers.names()])
        names_loading.append(spec.name)
        try:
            note_overwritten(spec.name)
            module = real_load(spec)
            module_changes.note(_needs.get(spec.name, ()), spec.name)
            module_changes.take(spec.name)
            loaded.append(spec.name)
            # Also what was put there without an import: Cython does so.
            _needs.setdefault(spec.name, {}).update(dict.fromkeys(sys.modules.keys() - before))
            if isinstance(spec.loader, ExtensionFileLoader):
                note_of_extension(spec.name, module)
            note_effects()
            return module
        except BaseException:
            if len(loading) > 1:
                note_failure(spec.name, loading[-2][0])
            raise
        finally:
            _has_locks = _is_imported_here(spec.name)
            loading.pop()
            names_loading.pop()
            if reads is not None:
                reads.follow()

    def variables():
        # Past those who listen to who asks for which.
        return dict(dict.items(os.environ._data))

    def note_overwritten(name):
        package, _, attribute = name.rpartition(".")
        value = vars(sys.modules[package]).get(attribute, _none) if package in sys.modules else _none
        if value is not _none and value is not sys.modules.get(name):
            _overwritten[name] = value

    def note_effects():
        name, filters, environment, known_loggers, known_handlers = loading[-1]
        made, handlers = loggers.note(name, known_loggers, known_handlers)
        for outer in loading[:-1] if made or handlers else ():
            outer[3].update(made)
            outer[4].extend(handlers)
        added_filters = [each for each in _warnings.filters if each not in filters]
        now = variables()
        changed = {key: now.get(key) for key in {*environment, *now} if environment.get(key) != now.get(key)} if environment != now else {}
        decoded = {os.fsdecode(key): (None if value is None else os.fsdecode(value), key in environment) for key, value in changed.items()}
        if added_filters or changed:
            _effects[name] = (added_filters, decoded)
            for outer in loading[:-1]:  # what an inner import did is not the outer one's
                outer[1] += added_filters
                outer[2].update(changed)

    def note_failure(name, outer):
        # It will be in no group: what was looked for, and all else, was done by who tried to import it.
        for noted in (_searched, _needs):
            noted.setdefault(outer, {}).update(noted.pop(name, {}))
        if reads is not None:
            reads.failed(name, outer)

    def note(full_name):
        while full_name and loading:
            if full_name in sys.modules:
                _needs.setdefault(loading[-1][0], {})[full_name] = None
            full_name = full_name.rpartition(".")[0]

    def note_of_extension(name, module):
        # An extension's imports pass by all of Python's: what it holds shows what it imported from.
        for value in vars(module).values():
            origin = getattr(value, "__name__" if isinstance(value, type(sys)) else "__module__", None)
            if isinstance(origin, str) and origin in sys.modules:
                _needs[name][origin] = None

    def gcd_import(name, package=None, level=0):
        module = real_gcd(name, package, level)
        note(bootstrap._resolve_name(name, package, level) if level else name)
        return module

    def import_(name, globals=None, locals=None, fromlist=(), level=0):
        module = real_import(name, globals, locals, fromlist, level)
        if loading:
            full_name = bootstrap._resolve_name(name, bootstrap._calc___package__(globals), level) if level else name
            note(full_name)
            for item in fromlist or ():
                if isinstance(item, str) and f"{full_name}.{item}" in sys.modules:
                    note(f"{full_name}.{item}")
        return module

    class Search:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if loading and "." not in name:
                _searched.setdefault(loading[-1][0], {})[name] = None

    # `import` statements, those of importlib, and what both end in when a module is not loaded yet.
    builtins.__import__, bootstrap._load_unlocked, bootstrap._gcd_import = import_, load_unlocked, gcd_import
    sys.meta_path.insert(0, Search)
    if not _needs:
        for each in list(sys.modules):
            module_changes.take(each)
    if reads is not None:
        reads.begin(names_loading)
    try:
        real_gcd(name)
    finally:
        module_changes.note_all(loaded)
        if reads is not None:
            reads.end()
        sys.meta_path.remove(Search)
        builtins.__import__, bootstrap._load_unlocked, bootstrap._gcd_import = real_import, real_load, real_gcd


def is_followed():
    """Whether this Python's import system is one that is understood here: seen by what `load` noted of the module `warm`."""
    return "json" in _needs.get(f"{__package__}.warm", ()) and _has_locks


def forget(name):
    """Has a module imported anew by whoever imports it."""
    package, _, attribute = name.rpartition(".")
    if sys.modules.pop(name, None) is not None:
        delattr(sys.modules[package], attribute)


def hide(visible, filters, roots, reads, tell_misfit):
    """Takes all modules but `visible` out of sight: they come back as they are imported. Undoes their effects.

    `reads` is what `load` was given; `tell_misfit` takes a module that does not fit a task, and how it imports it.
    """
    global _reads, _tell_misfit
    _reads, _tell_misfit = reads, tell_misfit
    observe.on_begin.append(begin)
    _warnings.filters[:] = filters
    _filters_changed()
    for name, module in list(sys.modules.items()):
        if name not in visible:
            del sys.modules[name]
            if module is not sys.modules["__main__"]:
                _hidden[name] = module
                _specs[name] = getattr(module, "__spec__", None)
    _missed.update(name for names in _searched.values() for name in names if name not in _hidden and name not in sys.modules)
    for name, module in _hidden.items():
        package, _, attribute = name.rpartition(".")
        if package:
            _packages[name] = holder = _hidden.get(package, sys.modules.get(package))
            is_bound = getattr(holder, "__dict__", {}).get(attribute) is module
            if is_bound and (package not in _hidden or name not in _group(package)):
                _unbound.add(name)
                if name in _overwritten:
                    setattr(holder, attribute, _overwritten[name])
                else:
                    delattr(holder, attribute)
    module_changes.undo(lambda one, another: another in _group(one) or any(another in _group(each) for each in _packages_of(one)))
    loggers.hide(_hidden.get("logging") or sys.modules.get("logging"))
    special = {*_unbound, *_effects, *_renewals, *module_changes.makers(), *loggers.makers()}
    _special.extend(name for name in _hidden if name in special)
    # The import of a submodule imports its packages first.
    asked = {each for name in roots for each in (name, *_packages_of(name))}
    kept = {name: _group(name) for name in sorted(asked) if name in _hidden}
    _groups.clear()
    _groups.update(kept)
    for name in kept:
        _observed(name)
    sys.meta_path.insert(0, _Finder)


def begin():
    """Before anything of the task."""
    global _has_begun
    _has_begun = True
    _environment.update(os.environ._data)
    search_path.begin()


def touch():
    """Has the system copy what giving modules will write to: ahead of it, as it takes most of the time that that takes."""
    given = sys.modules.copy()
    for group in _groups.values():
        sys.modules.update(group)
    for name in list(sys.modules):
        if name not in given:
            del sys.modules[name]


def _group(wanted):
    """Name → module of all that importing `wanted` gives, in the order of `_hidden`."""
    if wanted not in _groups:
        names, new = set(), [wanted]
        while new:
            name = new.pop()
            if name not in names and name in _hidden:
                names.add(name)
                new += _needs.get(name, ())
        _groups[wanted] = {name: module for name, module in _hidden.items() if name in names}
    return _groups[wanted]


def _packages_of(name):
    return [name.rsplit(".", dots)[0] for dots in range(1, name.count(".") + 1)]


def files():
    """Files of the hidden modules, as far as they have any."""
    return [origin for origin in map(origin_of, _hidden.values()) if origin is not None]


def origin_of(module):
    """The file that a module is loaded from, as an absolute path, or None."""
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    return origin if isinstance(origin, str) and os.path.isabs(origin) else None


def top_level_names():
    """Those of the hidden modules, and those that were looked for and are not there."""
    return {name for name in _hidden if "." not in name}, _missed


def _observed(name):
    """Of importing `name`: top-level names that it finds, and where; those that it misses; installed packages as observed."""
    if name in _told:
        return _told[name]
    group = _group(name)
    found, packages = {}, {}
    searched = {each: None for module in group for each in _searched.get(module, ())}
    missed = {each: None for each in searched if each in _missed}
    for full_name, module in group.items():
        spec = getattr(module, "__spec__", None)
        origin = getattr(spec, "origin", None)
        place = observe.package_of(origin) if isinstance(origin, str) else None
        if place is not None:
            packages[place] = None
        if "." in full_name:
            continue
        locations = getattr(spec, "submodule_search_locations", None)
        if not isinstance(origin, str) and locations is not None:
            missed[full_name] = None  # without a file of its own, it is looked for in vain
        elif isinstance(origin, str) and os.path.isabs(origin):
            found[full_name] = os.path.dirname(origin if locations is None else os.path.dirname(origin))
        else:  # built in, or frozen
            found[full_name] = observe.standard
    _told[name] = found, list(missed), list(packages)
    return _told[name]


class _Finder:
    """Finds a hidden module for an import, if the finders after this one would find the same."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        module = _hidden.get(name)
        if module is None or target is not None or not _is_imported_here(name):
            return None  # whoever only asks where it is, or reloads it, is answered by the others
        if _is_given(name) and sys.modules.get(name) is not module:
            return None  # what the task has removed is loaded anew
        spec = _specs[name]
        package = name.rpartition(".")[0]
        found = None
        if package:
            if sys.modules.get(package) is not _packages[name]:
                return None
        else:
            found = next(filter(None, (finder.find_spec(name, None) for finder in sys.meta_path if finder is not cls)), None)
            if found is None or found.origin != getattr(spec, "origin", None):
                return found
        misfit = _misfit(name)
        if misfit:
            _tell_misfit(name, misfit)
        # Until it is loaded, the module itself has this: an import takes it from there, and not from who found it, if
        # another thread is given the module meanwhile.
        module.__spec__ = bootstrap.ModuleSpec(name, None)
        vars(module.__spec__).update(vars(spec) if spec is not None else {}, name=name, loader=_Loader(name))
        return module.__spec__


class _Loader:
    def __init__(self, name):
        self._name = name

    def create_module(self, spec):
        return _hidden[self._name]

    def exec_module(self, module):
        module.__spec__ = _specs[self._name]
        _give(self._name)


def _is_imported_here(name):
    """Whether this thread is in the middle of an import of it."""
    lock = getattr(bootstrap, "_module_locks", {}).get(name, lambda: None)()
    return getattr(lock, "owner", None) == get_ident()


def _misfit(name):
    """How an import of `name` by the task differs from that which was made before there was a task, or None."""
    if not _has_begun:
        return None  # the helper's own, or a kernel's
    group = _group(name)
    found, missed, packages = _observed(name)
    replaced = [each for each in sys.modules.keys() & group.keys() if sys.modules.get(each) is not group[each] and not _is_of_extension(each)]
    if replaced:
        return f"after {min(replaced)} was replaced"
    if any(each in sys.modules and each not in group for each in missed):
        return "after a module was made that it looks for"
    if os.environ._data != _environment and (packages or not _reading_environment.isdisjoint(group)):
        variables = os.environ._data
        changed = [each for each in {*_environment, *variables} if _environment.get(each) != variables.get(each) and cares_for(each, _askers(group, each))]
        if changed:
            return f"after {os.fsdecode(min(changed))} was set"
    if _reads.is_elsewhere(_reads.of(group)):
        return "in another working directory"
    otherwise = search_path.change(group, found, missed)
    if otherwise:
        return otherwise
    new = [each for each in _special if each in group and not _is_given(each)]
    changed = module_changes.replaced(new) or next(filter(None, map(loggers.replaced, new)), None)
    return f"after {changed} was changed" if changed else None


def _is_of_extension(name):
    """Whether nobody imports it: Cython makes `cython_runtime`, and has `scipy._cyutility` as `_cyutility` as well, as
    pandas has its own, whichever is loaded first."""
    spec = _specs.get(name)
    return spec is None or spec.name.endswith(f".{name}")


def _askers(group, variable):
    """Those of a group that a variable may make a difference to: not one that sets it itself, to what it is."""
    value = os.environ._data.get(variable)
    if value is None:
        return group
    variable, value = os.fsdecode(variable), os.fsdecode(value)
    return [name for name in group if name not in _effects or _effects[name][1].get(variable, (None,))[0] != value]


def cares_for(variable, names=_specs):
    """Whether the import of any of these modules (all) may depend on an environment variable, as bytes."""
    if variable.startswith(_of_nobody) or _reads.is_per_attempt(os.fsdecode(variable)):
        return False
    return _reads.was_asked_for(os.fsdecode(variable), names) or libraries.may_ask_for(variable)


def _is_given(name):
    return any(name in group for group in _given)


def _give(wanted):
    """Puts a module and all that its import brought along into `sys.modules`, as that import had done.

    Whatever is touched here is copied by the kernel, a page at a time: most of the time that this takes.
    """
    group = _group(wanted)
    # Finders are asked with this lock held: no other thread sees a part of it, and each effect comes once.
    _imp.acquire_lock()
    try:
        has_other = [name for name in sys.modules.keys() & group.keys() if sys.modules[name] is not group[name]]
        if has_other:
            group = {name: module for name, module in group.items() if name not in has_other}
        new = [name for name in _special if name in group and not _is_given(name)]
        for name in new:
            _restore_effects(name, group[name])
        module_changes.redo(new)
        sys.modules.update(group)
        _given.append(group)
    finally:
        _imp.release_lock()
    observe.gave(*_observed(wanted))
    if observe._log_file and _reads is not None:
        _reads.tell(_reads.of(group))


def _restore_effects(name, module):
    if name in _unbound:
        setattr(_packages[name], name.rpartition(".")[2], module)
    filters, variables = _effects.get(name, ((), {}))
    if filters:
        _warnings.filters[:0] = filters
        _filters_changed()
    for variable, (value, was_set) in variables.items():
        if value is None:
            os.environ.pop(variable, None)
        elif was_set:
            os.environ[variable] = value
        else:  # the task may have set it before the import, which then mostly leaves it
            os.environ.setdefault(variable, value)
        key = os.fsencode(variable)
        _environment.pop(key, None)
        if key in os.environ._data:
            _environment[key] = os.environ._data[key]
    if name in loggers.makers():
        loggers.give(name, _hidden.get("logging") or sys.modules["logging"])
    if name in _renewals:
        _renewals[name](module)


def _filters_changed():
    # Python 3.14 has another name for it.
    changed = getattr(_warnings, "_filters_mutated_lock_held", None) or getattr(_warnings, "_filters_mutated", None)
    try:
        changed()
    except RuntimeError:  # the lock is to be held
        with _warnings._lock:
            changed()


def _logging(module):
    module._startTime = time.time_ns() if sys.version_info >= (3, 13) else time.time()


def _multiprocessing(module):
    sys.modules["__mp_main__"] = sys.modules["__main__"]


def _multiprocessing_process(module):
    try:
        module.ORIGINAL_DIR = os.path.abspath(os.getcwd())
    except OSError:
        module.ORIGINAL_DIR = None
    module.current_process()._config["authkey"] = module.AuthenticationString(os.urandom(32))


def _threading(module):
    renew = getattr(module.main_thread(), "_set_native_id", None)
    if renew is not None:
        renew()


def _matplotlib(module):
    backend = os.environ.get("MPLBACKEND")
    if backend:
        module.rcParams["backend"] = backend


def _helper(module):
    module.run_id = os.environ.get("RUNWEAVE_RUN_ID") or None
    module.task = os.environ.get("RUNWEAVE_TASK") or None


def _helper_log(module):
    module.path = os.environ.get("RUNWEAVE_LOG") or None


# Of the standard library, those that ask for variables when they are imported.
_reading_environment = {"zoneinfo", "ssl"}
# Variables that no import asks for, or that are seen to below.
_of_nobody = (b"RUNWEAVE_", b"runnable_TRACK_", b"MPLBACKEND")

# What a module sets when it is imported and would differ in the next process. `random`, `logging`'s locks and OpenSSL see
# to a fork themselves.
_renewals = {
    "logging": _logging,
    "matplotlib": _matplotlib,
    "multiprocessing": _multiprocessing,
    "multiprocessing.process": _multiprocessing_process,
    "numpy.random.mtrand": lambda module: module._rand.seed(),
    "threading": _threading,
    "runweave": _helper,
    "runweave._log": _helper_log,
}
