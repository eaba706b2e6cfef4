"""What imports read, list and look for outside of what is installed, while a process is made warm.

A task that is given a module has not done this itself. So it is told to the task's observer when the module is given,
as if it had, and the process is of no use any more once any of it has changed.

What is read and listed is heard by an audit hook. For `stat` there is none: what `os.path` and `pathlib` ask for is
seen by the `os` that they use meanwhile; a bare `os.stat` or `os.access` is not.
"""

import os
import re
import stat
import sys

from . import callers, observe

_reading = frozenset(("open", "os.listdir", "os.scandir", "glob.glob", "glob.glob/2", "pathlib.Path.glob", "pathlib.Path.rglob"))
_writing = os.O_WRONLY | os.O_RDWR
# They ask the system by `os.stat` and `os.lstat`, whichever version of Python it is.
_asking = ("genericpath", "posixpath", "pathlib", "pathlib._local", "pathlib._abc")
_helpers = ("runweave", "_runweave")
_all = object()
_starting = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.fork")
_system = ("/proc/", "/dev/", "/sys/")


class ImportReads:
    def __init__(self, installed, workspace, per_attempt):
        """`installed` are folders that end in a separator; `workspace` is an absolute path; `per_attempt` is a regular
        expression of the variables that are there only in a task."""
        self.files = {}  # absolute paths of all files, and of folders that were listed, as a set
        self.lookups = {}  # absolute paths that were only asked for, as a set
        self.wrote = set()  # absolute paths
        self.made_known = set()  # of `files`, those that the observer is told of, if they are of the workspace; but for `wrote`
        self._installed = installed
        self._workspace = os.path.join(workspace, "")
        self._calls = {}  # name of a module → functions of `observe`, each with arguments, as a set
        self._written = {}  # name of a module → file
        self._variables = {}  # name of a module → variable of a task's that it asked for
        self._asked = {}  # name of a module → variables that it asked for, as a set; `_all` among them if it went through all
        self._per_attempt = re.compile(per_attempt)
        self._with_relative = set()
        self._folder = os.getcwd()
        self._loading = None  # innermost module in the middle of its import, as the last of a list
        self._put_back = []
        self._is_over = False
        sys.addaudithook(self._audit)

    def begin(self, loading):
        """`loading` has the names of the modules in the middle of their import, the innermost last, for as long as it goes on."""
        self._loading = loading
        # https://github.com/python/cpython/blob/3.13/Lib/os.py: each has this, and hands on all that is asked of it.
        self._environment = os.environ._data
        os.environ._data = os.environb._data = _Variables(self._environment, self._ask_variable)
        self.follow()

    def follow(self):
        """After each module: what asks the system may be there only now. What is in the middle of its import would keep it."""
        for name in _asking if self._loading is not None else ():
            module = sys.modules.get(name)
            if getattr(module, "os", None) is os and name not in self._loading:
                asked = _Asked(self._ask)
                self._put(module, "os", asked)
                # Python 3.9 and 3.10
                accessor = getattr(module, "_NormalAccessor", None)
                if accessor is not None:
                    self._put(accessor, "stat", staticmethod(asked.stat))

    def _put(self, holder, name, value):
        self._put_back.append((holder, name, vars(holder)[name]))
        setattr(holder, name, value)

    def failed(self, name, outer):
        """What an import has done that failed counts for who tried it."""
        self._calls.setdefault(outer, {}).update(self._calls.pop(name, {}))
        self._asked.setdefault(outer, set()).update(self._asked.pop(name, ()))
        if name in self._with_relative:
            self._with_relative.add(outer)

    def end(self):
        self._loading = None
        variables = dict(os.environ._data)
        os.environ._data = os.environb._data = self._environment
        self._environment.clear()
        self._environment.update(variables)
        for put in self._put_back:
            setattr(*put)
        self._put_back.clear()

    def close(self):
        self._is_over = True

    def written(self):
        """File of the workspace that an import has written since this was asked last, or None."""
        return self._written.popitem()[1] if self._written else None

    def variable(self):
        """Variable of one attempt that an import has asked for since this was asked last, or None."""
        return self._variables.popitem()[1] if self._variables else None

    def of(self, group):
        """Names in `group` of modules that read, list, or ask for anything by a relative path."""
        return [name for name in {**self._calls, **dict.fromkeys(self._with_relative)} if name in group]

    def is_elsewhere(self, names):
        """Whether these would have looked elsewhere, had they been imported now."""
        return not self._with_relative.isdisjoint(names) and _current_folder() != self._folder

    def was_asked_for(self, variable, names):
        """Whether the import of one of these asked Python for a variable."""
        return any(name in names and (variable in asked or _all in asked) for name, asked in self._asked.items())

    def is_per_attempt(self, variable):
        """A module that asks for such a variable is not loaded before there is a task."""
        return self._per_attempt.search(variable) is not None

    def tell(self, names):
        """Tells the observer what it would have seen in the imports of these."""
        for name in names:
            for function, *arguments in self._calls.get(name, ()):
                try:
                    getattr(observe, function)(*arguments)
                except Exception:
                    pass  # as in the observer's own hook

    def _audit(self, event, arguments):
        if self._is_over:
            return
        if event in _starting:
            self._ask_variable(_all)  # what is started may ask for any
            return
        if event not in _reading:
            return
        try:
            frame = sys._getframe(1)
            if event == "open":
                path, _, flags = arguments
                if isinstance(path, (str, bytes)):
                    self._opened(os.fsdecode(path), flags, frame)
            elif not self._loading:
                pass
            elif event == "os.listdir" or event == "os.scandir":
                folder = "." if arguments[0] in (None, "") else observe._path_of(arguments[0])
                if self._notes(folder):
                    self.files[os.path.abspath(folder)] = None
                    self.made_known.add(os.path.abspath(folder))
                    # With a pattern that was told, or to find modules: nothing is told of it.
                    if callers.is_for_task(frame):
                        self._call("_lists", folder, "*")
            else:
                self._globs(event, arguments, frame)
        except Exception:
            pass  # it would be the import that fails

    def _opened(self, path, flags, frame):
        absolute = os.path.abspath(path)
        self.files[absolute] = None
        if flags & _writing:
            self.wrote.add(absolute)
        if self._loading and path.endswith(observe._metadata):
            self._call("_asks_for_version", absolute)
        if not self._loading or not self._notes(path):
            return
        if not flags & _writing:
            if absolute not in self.wrote:
                self.made_known.add(absolute)
            self._call("was_read", path, "loaded" if callers.is_to_run(frame) else "read")
        elif absolute.startswith(self._workspace):
            self._written[self._loading[-1]] = absolute

    def _globs(self, event, arguments, frame):
        # The folders that are read for it are heard of as well.
        if event == "glob.glob":
            callers.globbing["glob"] = None
            if sys.version_info < (3, 10):
                self._globbed(None, arguments[0], arguments[1])
        elif event == "glob.glob/2":
            pattern, is_recursive, folder, descriptor = arguments
            if descriptor is None:
                self._globbed(folder, pattern, is_recursive)
        else:
            callers.globbing["pathlib"] = None
            folder, pattern = map(str, arguments)
            if frame.f_locals.get("case_sensitive") is False:
                pattern = callers.in_any_case(pattern)
            self._globbed(folder, pattern if event.endswith(".glob") else os.path.join("**", pattern), True)

    def _globbed(self, folder, pattern, is_recursive):
        if self._notes(os.path.join(os.fsdecode(folder or ""), os.fsdecode(pattern))):
            self._call("_globs", folder, pattern, is_recursive)

    def _ask(self, path):
        try:
            if self._loading and isinstance(path, (str, bytes, os.PathLike)) and self._notes(os.fsdecode(path)):
                self.lookups[os.path.abspath(os.fsdecode(path))] = None
        except Exception:
            pass

    def _ask_variable(self, key):
        if not self._loading:
            return
        name = key if key is _all else os.fsdecode(key)
        self._asked.setdefault(self._loading[-1], set()).add(name)
        if key is _all:
            return
        # The helper is given these when the task imports it.
        if self._loading and self._per_attempt.search(name) and self._loading[-1].partition(".")[0] not in _helpers:
            self._variables[self._loading[-1]] = name

    def _call(self, *call):
        self._calls.setdefault(self._loading[-1], {})[call] = None

    def _notes(self, path):
        """Whether it is of no installed package; notes whether it is looked for where the task is."""
        absolute = os.path.abspath(path)
        if absolute.startswith((*self._installed, *_system)) or f"{os.sep}__pycache__{os.sep}" in absolute:
            return False
        # It may also have been made from the current folder.
        if absolute != path or absolute.startswith(os.path.join(self._folder, "")):
            self._with_relative.add(self._loading[-1])
        return True


class _Variables(dict):
    def __init__(self, variables, ask):
        super().__init__(variables)
        self._ask = ask

    def __getitem__(self, key):
        self._ask(key)
        return super().__getitem__(key)

    def __iter__(self):
        self._ask(_all)
        return super().__iter__()


class _Asked:
    """The module `os`, with an ear at two of its functions."""

    def __init__(self, ask):
        def heard(function):
            def asked(path, *arguments, **options):
                ask(path)
                return function(path, *arguments, **options)

            return asked

        self.stat, self.lstat = heard(os.stat), heard(os.lstat)

    def __getattr__(self, name):
        return getattr(os, name)


def lookup_stamp(path):
    """What an answer to whether something is there depends on: of a folder, not what is in it."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # no file can have that name: it has a NUL, or half of a character
        return None
    if stat.S_ISDIR(status.st_mode):
        return ()
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _current_folder():
    try:
        return os.getcwd()
    except OSError:
        return None
