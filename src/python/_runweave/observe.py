"""What a task really used: workspace modules, files read and written, folders listed, installed packages, names that
were looked for.

An audit hook sees every `open` and every module body that runs, and a finder is asked for every module, in the task's
own process and in every Python process that it starts: `sitecustomize` calls `start` in those, and forks have both
already. What is seen is appended to RUNWEAVE_LOG at once, one line for each thing, so that the lines of all processes
stand there in the order in which things happened (a file that one process wrote before another read it is no input),
and a process that ends by a signal or `os._exit` has told all. Files that a C library opens by itself are not seen.

The log is opened for each line: a descriptor that is kept could be closed by the task, and its number be that of
another file then. It is never made anew: a process that outlives the task finds no log, and says nothing.
"""

import atexit
import os
import sys

from . import bytecode, callers
from .callers import standard

_here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_hidden = {".git", ".runweave", ".ipynb_checkpoints", "__pycache__", "site-packages", "dist-packages"}
_writing = os.O_WRONLY | os.O_RDWR
_appending = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_site_names = ("site-packages", "dist-packages")
_installed = tuple(f"{os.sep}{name}{os.sep}" for name in _site_names)
# Loaded in every kernel that is not forked from a warm process, and in every Python where setuptools is installed.
_not_for_cells = {"debugpy", "_distutils_hack"}
_lookups_in_one_go = 50
_magic = set("*?[")
_up = f"{os.sep}..{os.sep}"
_metadata = ("METADATA", "PKG-INFO")
_most_warnings = 1000
on_begin = []  # functions, called before the first line of the task's own code
_longest_message = 2000

_log_file = ""
_workspace = ""
_root = ""  # with a separator at its end
_real_root = ""
_params = ""
_ignored = ()
_python = ()
_suffixes = (".py", ".pyc")
_listings = ("os.listdir", "os.scandir", "glob.glob", "glob.glob/2", "pathlib.Path.glob", "pathlib.Path.rglob")
_events = frozenset(("open", "exec", "import", "os.rename", "os.link", "os.putenv", "ctypes.dlopen", *_listings))
_cached = f"{os.sep}__pycache__{os.sep}"

# Told already. Dicts as sets: they stay consistent when several threads open files.
_read = {}
_loaded = {}  # read to be run, or for a traceback
_written = {}
_appended = {}  # opened for writing with what was in it
_executed = {}
_packages = {}
_asked = {}  # name of a module → search paths along which it was looked for
_paths = {}  # those search paths
_own = {}  # names that were given, or looked for in vain, before there was a task
_resolved = {}  # `a/link/..` → where that is
_linked = {}  # folder outside of the workspace → the one of the workspace that it leads to, or None
_folders = {}  # entry of a search path → folder of the workspace or None
_installed_in = {}  # folders of installed packages that were told of
_entries = {}  # entry of a search path outside of the workspace → time of change, names in it
_warnings = 0
_lookups = {}  # folder → names looked for in it, not told yet
_roots = {}  # modules that the task's own code imports
_listed = {}


def start(source=None, is_child=False):
    """Starts observing this process and the Python processes that it starts.

    `source` is a file that counts as a module although it is none: a notebook. `is_child` is a process that a task
    started: it imports nothing for us, so its warnings are not told.
    """
    global _log_file, _workspace, _root, _real_root, _params, _ignored, _python, _suffixes
    workspace = os.path.normpath(os.environ.get("RUNWEAVE_WORKSPACE") or ".")
    log = os.environ.get("RUNWEAVE_LOG", "")
    if _log_file or not os.path.isabs(workspace) or not os.path.isabs(log):
        return
    _log_file = os.path.normpath(log)
    _workspace = workspace
    _root = os.path.join(workspace, "")
    _real_root = os.path.join(os.path.realpath(workspace), "")
    _params = _in_workspace(os.environ.get("RUNWEAVE_PARAMS") or os.devnull)
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    _python = tuple(root + os.sep for root in (*prefixes, os.path.dirname(os.__file__), _here))
    # An interpreter, or this helper, may lie in the workspace.
    ignored = [_in_workspace(root) for root in (_here, *prefixes)]
    _ignored = tuple(root + os.sep for root in ignored if root is not None)
    imp = sys.modules.get("_imp")
    if imp is not None:
        _suffixes = (*imp.extension_suffixes(), *_suffixes)
    os.environ["RUNWEAVE_OBSERVE"] = log
    bytecode.compare_with_source()
    if source:
        path = _in_workspace(source)
        if path is not None:
            _tell_used("modules", path)
        _tell_loaded()
    _tell_start_up_modules()
    sys.addaudithook(_audit)
    sys.meta_path.insert(0, _Finder)
    if not is_child:
        _watch_warnings()
    # Registered before anything of the task, so run after everything of the task.
    atexit.register(_tell_at_end)
    if source:  # the kernel has its search path already
        begin()


def begin():
    """The task's own code comes next; what it is given, its search path too, is all there."""
    for each in on_begin:
        each()


def _tell_start_up_modules():
    """Modules of the workspace that `sitecustomize` or a `.pth` file has imported."""
    for module in list(sys.modules.values()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if isinstance(origin, str) and origin.startswith((_root, _real_root)) and not origin.startswith(_python):
            path = _in_workspace(origin)
            if path is not None and _counts(path):
                _tell_used("modules", path)


def _watch_warnings():
    """Tells of each warning that Python shows; those that a filter hides, or the task catches, are not meant to be seen."""
    import warnings

    show = getattr(warnings, "_showwarnmsg_impl", None)
    if show is None:
        return

    def show_and_tell(message):
        global _warnings
        try:
            _warnings += 1
            if _warnings <= _most_warnings:
                text = str(message.message)[:_longest_message]
                fields = {"category": message.category.__name__, "message": text, "file": message.filename}
                told = ",".join([f"{_string(name)}:{_string(value)}" for name, value in fields.items()])
                _append(f'{{"type":"warning",{told},"line":{int(message.lineno)}}}\n')
        except Exception:
            pass
        show(message)

    warnings._showwarnmsg_impl = show_and_tell


def _audit(event, arguments):
    if event not in _events:  # most are not, and imports make tens of thousands
        return
    try:
        if event == "open":
            path, _, flags = arguments
            if path is not None and not isinstance(path, int):
                _opened(path, flags, sys._getframe(0).f_back)
        elif event == "exec":
            name = arguments[0].co_filename
            if name not in _executed:
                _executed[name] = None
                _ran(name)
        elif event == "import":
            if arguments[1]:
                _ran(arguments[1])  # an extension module
            else:
                _imports(arguments[0])
        elif event == "os.rename":
            source, target = _in_workspace(arguments[0]), _in_workspace(arguments[1])
            if source is not None and target is not None:
                # Each may be written or read anew, as another file.
                for told in (_read, _loaded, _written, _appended):
                    for path in [path for path in list(told) if path.startswith((source, target))]:
                        told.pop(path, None)
                if _counts(target):
                    _tell("renamed", source, target)
        elif event == "os.link":
            source, target = _in_workspace(arguments[0]), _in_workspace(arguments[1])
            if source is not None:
                _reads(source)
                _writes(source, os.O_APPEND)  # its time changes
            if target is not None:
                _writes(target, os.O_CREAT | os.O_EXCL)
        elif event == "ctypes.dlopen":
            path = _in_workspace(arguments[0]) if arguments[0] and os.sep in os.fsdecode(arguments[0]) else None
            if path is not None:
                _reads(path)
        elif event == "os.scandir" or event == "os.listdir":
            if callers.is_for_task(sys._getframe(1)):
                _lists(arguments[0], "*")
        elif event == "glob.glob":
            callers.globbing["glob"] = None
            if sys.version_info < (3, 10):
                _globs(None, arguments[0], arguments[1])
        elif event == "glob.glob/2":
            pattern, is_recursive, folder, descriptor = arguments
            _globs(descriptor if folder is None else folder, pattern, is_recursive)
        elif event == "pathlib.Path.glob" or event == "pathlib.Path.rglob":
            callers.globbing["pathlib"] = None
            folder, pattern = map(str, arguments)
            if sys._getframe(1).f_locals.get("case_sensitive") is False:
                pattern = callers.in_any_case(pattern)
            _globs(folder, pattern if event.endswith(".glob") else os.path.join("**", pattern), True)
        elif event == "os.putenv" and arguments[0].startswith((b"RUNWEAVE_TRACK_", b"runnable_TRACK_")):
            from . import track

            _append(track.line(*arguments))
    except Exception:
        pass  # an exception here would make the task's own open() or import fail


def _opened(path, flags, frame):
    if type(path) is not str:
        path = os.fsdecode(path)
    if _cached in path:  # each module that is imported; see _hidden
        return
    if path.endswith(_metadata):
        _asks_for_version(path)
    path = _in_workspace(path)
    if path is None:
        return
    if flags & _writing:
        _writes(path, flags)
    elif path not in _read and path not in _written:
        _reads(path, "loaded" if callers.is_to_run(frame) else "read")


def was_read(path, kind):
    """A file that a module read which was imported before there was a task, and is given to it now."""
    path = _in_workspace(path)
    if path is not None:
        _reads(path, kind)


def _reads(path, kind="read"):
    told = _loaded if kind == "loaded" else _read
    if path in told or path in _written or not _counts(path):
        return
    # A file that was looked for counts when it comes; a traceback looks for `<string>` as well.
    if os.path.isfile(path) or not os.path.exists(path) and not path.endswith(">"):
        _tell_used(kind, path)
        told[path] = None


def _writes(path, flags):
    if path in _written or not _counts(path):
        return
    if os.path.isfile(path):
        if flags & os.O_EXCL:
            _reads(path)  # it fails
            return
        if not flags & os.O_TRUNC:
            if not flags & os.O_RDWR:
                # What is read of it later is also what was there.
                if path not in _appended:
                    _tell("appended", path)
                    _appended[path] = None
                return
            _reads(path)
    elif not flags & os.O_CREAT and not os.path.lexists(path):
        _reads(path)  # it fails
        return
    _tell("written", path)
    _written[path] = None


def _asks_for_version(path):
    """`importlib.metadata` reads what a distribution says of itself: it counts as if it was imported."""
    info, _, name = path.rpartition(os.sep)
    site, _, info = info.rpartition(os.sep)
    if info.endswith((".dist-info", ".egg-info")) and os.path.basename(site) in _site_names:
        _uses_package(os.path.abspath(site), info.partition("-")[0].replace(".", "-"))


def _ran(name):
    """The body of a module, or of a script, in the file `name`."""
    if name.startswith("<"):
        return
    folder = os.path.dirname(name)
    if folder in _installed_in:
        return
    path = _in_workspace(name)
    if path is not None and _counts(path):
        _tell_used("modules", path)
        return
    place = package_of(name)
    if place is not None:
        _uses_package(*place)
        # Not where each file may be of another distribution.
        if "/" not in place[1] and folder != place[0]:
            _installed_in[folder] = None
        return
    if path is None and os.path.isabs(name) and not name.startswith(_python) and os.path.isfile(name):
        folders = [entry for entry in sys.path if os.path.basename(entry) in _site_names]
        _tell_in("outside", {os.path.normpath(name): folders})


def package_of(name):
    """Folder and name of the installed package that a file is of, or None."""
    for installed in _installed:
        folder, found, rest = name.rpartition(installed)
        if found:
            folder += installed[:-1]
            top = rest.partition(os.sep)[0]
            # Of a package without a file of its own, such as `google`, each part may be of another distribution.
            if top != rest and not os.path.isfile(os.path.join(folder, top, "__init__.py")):
                top = "/".join(rest.split(os.sep)[:2])
            return folder, top
    return None


def _tell_loaded():
    """The packages that a kernel has imported for itself: a cell that imports one, or a package that needs one, runs and
    looks for nothing."""
    loaded, done = {}, set()
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        place = package_of(origin) if top not in done and isinstance(origin, str) else None
        if place is not None:
            if "/" not in place[1]:
                done.add(top)
            if place[1] not in _not_for_cells and place not in _packages:
                _packages[place] = None
                loaded.setdefault(place[0], []).append(place[1])
    if loaded:
        _tell_in("imported", loaded)


def _uses_package(folder, top):
    if (folder, top) not in _packages:
        _tell_in("imported", {folder: [top]})
        _packages[folder, top] = None


def _globs(folder, pattern, is_recursive):
    """A pattern is told with the folder that it begins in; `**` stands for any depth."""
    pattern = os.fsdecode(pattern)
    # Where nothing is found, only an escape stands for something else.
    if _magic.isdisjoint(pattern) and "\\" not in pattern and callers.is_argument(sys._getframe(2)):
        return
    pattern = pattern.replace(os.sep, "/")
    parts = pattern.split("/")
    if not is_recursive:
        parts = ["*" if part == "**" else part for part in parts]
    first = next((at for at, part in enumerate(parts) if not _magic.isdisjoint(part)), len(parts) - 1)
    start = "/".join(parts[:first]) or ("/" if pattern.startswith("/") else "")
    _lists(os.path.join(_path_of(folder), start), "/".join([part for part in parts[first:] if part]) or "*")


def _lists(folder, pattern):
    folder = _folder_of(_path_of(folder))
    if folder is not None and (folder, pattern) not in _listed:
        _tell_in("listed", {folder: [pattern]})
        _listed[folder, pattern] = None


def _path_of(folder):
    if folder is None or folder == "":
        return os.getcwd()
    if isinstance(folder, int):
        return os.readlink(f"/proc/self/fd/{folder}")  # elsewhere it raises: the folder is not known
    return os.fsdecode(folder)


def _imports(name):
    """Notes what the task's own code imports: the executor has it ready for the next time."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    file = "<frozen" if frame is None else frame.f_code.co_filename
    if not file.startswith(("<frozen", *_python)) and not any([folder in file for folder in _installed]):
        _roots[name] = None


def gave(found, missed, packages):
    """Modules that were given to the task without being looked for or run: their names, each with the entry of the search
    path that it was found in; those that they looked for in vain; and (folder, name) of the packages that they are of."""
    if not _log_file:
        # A kernel's own, before its task: they are there when the cells come, and nothing looks for them then.
        _own.update(found)
        _own.update(dict.fromkeys(missed))
        return
    try:
        search = tuple(sys.path)
        for name, place in found.items():
            if name not in _asked and name not in _own and name not in sys.builtin_module_names:
                _is_asked_anew(name, search)
                for entry in search:
                    if entry == place:
                        break
                    folder = _folder_of(entry)
                    if folder is not None:
                        _lookups.setdefault(folder, {})[name] = None
        for name in missed:
            if name not in _own and _is_asked_anew(name, search):
                _look_for(name, search)
        new = {}
        for place in packages:
            if place not in _packages:
                _packages[place] = None
                new.setdefault(place[0], []).append(place[1])
        if new:
            _tell_in("imported", new)
    except Exception:
        pass


class _Finder:
    """Finds nothing, and is asked first: for modules that are there, and for those that are not."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        try:
            search = tuple(sys.path if path is None else path)
            if _is_asked_anew(name, search):
                _look_for(name, search)
        except Exception:
            pass


def _is_asked_anew(name, search):
    """Whether a name was not looked for yet along this path."""
    searches = _asked.setdefault(name, [])
    search = _paths.setdefault(search, search)
    if search in searches:
        return False
    searches.append(search)
    return True


def _look_for(name, search):
    """Notes the folders of the workspace in which a new file would be found instead of what is found now."""
    parent, _, tail = name.rpartition(".")
    if parent:
        if not any([_folder_of(entry) for entry in search]):
            return  # a module of an installed package
        search = _portions(parent, search)
    elif name in sys.builtin_module_names:
        return
    search = [(entry, _folder_of(entry)) for entry in search]
    for entry, folder in search:
        if folder is None and not _may_have(entry, tail):
            continue
        base = os.path.join(entry, tail)
        is_package = os.path.isfile(os.path.join(base, "__init__.py"))
        if folder is not None and not is_package:
            _lookups.setdefault(folder, {})[tail] = None
        if is_package or any([os.path.isfile(base + suffix) for suffix in _suffixes]):
            # Also if it is not imported then: a task may only ask whether it could be.
            if not parent and os.path.basename(entry) in _site_names:
                _uses_package(entry, tail)
            break
    else:
        for entry, folder in search:
            if folder is not None:
                # A folder without `__init__.py` is a package where nothing else is found.
                _lookups.setdefault(folder + os.sep, {})[tail] = None
            elif not parent and os.path.basename(entry) in _site_names:
                # It counts when it is installed.
                _lookups.setdefault(entry, {})[tail] = None
    if sum(map(len, list(_lookups.values()))) >= _lookups_in_one_go:
        _tell_lookups()


def _portions(name, path):
    """Folders of a package. Of one without a file of its own each entry of the search path may have one, or get it."""
    if getattr(sys.modules.get(name), "__file__", None) is not None:
        return path
    parent, _, tail = name.rpartition(".")
    above = _portions(parent, getattr(sys.modules.get(parent), "__path__", ())) if parent else sys.path
    found = [os.path.join(entry, tail) for entry in above]
    return [*found, *[entry for entry in path if entry not in found]]


def _may_have(entry, name):
    """Whether an entry of a search path has anything of this name: listed once while it does not change, as by Python."""
    try:
        changed = os.stat(entry).st_mtime_ns
        known = _entries.get(entry)
        if known is None or known[0] != changed:
            # The parts before the first dot: names of modules, whichever suffix they have.
            known = _entries[entry] = changed, frozenset([each.partition(".")[0] for each in os.listdir(entry)])
    except OSError:
        return False
    return name in known[1]


def _folder_of(entry):
    """The folder of the workspace that an entry of a search path stands for, or None."""
    if not os.path.isabs(entry):
        entry = os.path.join(os.getcwd(), entry)
    if entry not in _folders:
        folder = _in_workspace(os.path.join(entry, "x"))
        _folders[entry] = os.path.dirname(folder) if folder is not None and _counts(folder) else None
    return _folders[entry]


def _in_workspace(path):
    """Absolute path below the workspace as it was given to us, or None."""
    if type(path) is not str:
        path = os.fsdecode(path)
    if not os.path.isabs(path):
        path = os.path.join(os.getcwd(), path)
    if _up in path and os.name != "nt":
        path = _without_up(path)
    path = os.path.normpath(path)
    if path.startswith(_root):
        return path
    # Through a link to the workspace, or to a part of it.
    folder, separator, name = path.rpartition(os.sep)
    if folder not in _linked:
        _linked[folder] = _folder_below(folder)
    found = _linked[folder]
    return None if found is None else found + separator + name


def _folder_below(folder):
    folder += os.sep
    for place in (folder, os.path.join(os.path.realpath(folder), "")):
        for root in (_root, _real_root):
            if place.startswith(root):
                return _root + place[len(root) : -1] if place != root else _workspace
    return None


def _without_up(path):
    """What is above a link is above what it leads to."""
    end = path.rindex(_up) + len(_up) - 1
    if path[:end] not in _resolved:
        _resolved[path[:end]] = os.path.realpath(path[:end])
    return _resolved[path[:end]] + path[end:]


def _counts(path):
    return (
        not path.startswith(_ignored)
        and path != _params
        and path != _log_file
        and _hidden.isdisjoint(path[len(_workspace) :].split(os.sep))
    )


def _tell_lookups():
    """Lookups are told together, before the next thing that is told, or at the end: there are many of them."""
    try:
        _append(_pending())
    except Exception:
        pass


def _tell_at_end():
    _tell_lookups()
    try:
        roots = [name for name in list(_roots) if _is_installed(sys.modules.get(name))]
        if roots:
            _tell("roots", *roots)
    except Exception:
        pass


def _is_installed(module):
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    if not isinstance(origin, str):
        return False
    return origin in ("built-in", "frozen") or origin.startswith(_python) or any([each in origin for each in _installed])


def _pending():
    told = ""
    while _lookups:
        folder, names = _lookups.popitem()
        told += _line("lookups", f"{{{_string(folder)}:[{','.join(map(_string, list(names)))}]}}")
    return told


def _tell(kind, *paths):
    _append(_pending() + _line(kind, f"[{','.join(map(_string, paths))}]"))


def _tell_used(kind, path):
    """With the file's stamp: who knows it as it is later can tell whether that is what was read."""
    stamp = _stamp(path)
    told = "" if stamp is None else f',"stamps":{{{_string(path)}:"{stamp}"}}'
    _append(_pending() + f'{{"type":"observed","{kind}":[{_string(path)}]{told}}}\n')


def _stamp(path):
    if os.name == "nt":
        return None  # the ctime that Python gives there is not the time of the last change
    try:
        stats = os.stat(path)
    except OSError:
        return "none"
    return f"{stats.st_size} {stats.st_mtime_ns} {stats.st_ctime_ns} {stats.st_ino}"


def _tell_in(kind, table):
    entries = [f"{_string(key)}:[{','.join(map(_string, values))}]" for key, values in table.items()]
    _append(_pending() + _line(kind, f"{{{','.join(entries)}}}"))


def _line(kind, value):
    return f'{{"type":"observed","{kind}":{value}}}\n'


def _string(text):
    """JSON, in ASCII; without the module for it, which the task may not have imported."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return '"' + "".join([f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)]) + '"'


def _append(text):
    """One write for whole lines: what several processes append at the same time does not mix."""
    if text:
        descriptor = os.open(_log_file, _appending)
        try:
            os.write(descriptor, text.encode("ascii"))
        finally:
            os.close(descriptor)
