"""Files on which it depends what an import gives in a warm process: looked at before each fork."""

import os
import struct
import sys
import time
from importlib.machinery import all_suffixes

from . import preload
from .import_reads import lookup_stamp

SUFFIXES = tuple(all_suffixes())
# Seconds after a look for which one task may rely on it: less than a fresh process takes to import what was looked at.
MOMENT = 0.1
# Nanoseconds by which the time of a file may lag behind the clock.
COARSE_CLOCK = 10_000_000


class WatchedFiles:
    """Those of the preloaded modules, and what was read while they were imported."""

    def __init__(self, reads, since):
        """`reads` is an `ImportReads`; `since` is when modules began to be imported, in nanoseconds since 1970."""
        installed = installed_folders()
        read = [path for path in reads.files if f"{os.sep}__pycache__{os.sep}" not in path and not path.startswith(("/proc/", "/dev/", "/sys/"))]
        own = os.path.dirname(os.path.abspath(__file__))
        here = [os.path.realpath(sys.executable), os.path.join(sys.prefix, "pyvenv.cfg")]
        # A fork that waits for its task has imported what runs it.
        here += [os.path.join(own, name) for name in _entries(own) if name.endswith(".py")]
        # What ran when Python started has run for all tasks.
        start_up = [origin for origin in map(preload.origin_of, sys.modules.values()) if origin is not None]
        start_up += [os.path.join(folder, name) for folder in installed for name in _entries(folder) if name.endswith(".pth")]
        of_modules = [*preload.files(), *start_up, *installed]
        stamps = {path: stamp(path) for path in [*of_modules, *read, *here]}
        self._lookups = {path: lookup_stamp(path) for path in reads.lookups}
        # What came while modules were imported may have come before or after its own turn: nothing equals it.
        for path in [*of_modules, *reads.made_known]:
            if _changed_at(path) > since - COARSE_CLOCK:
                stamps[path] = ()
        for path in reads.lookups.keys() - reads.wrote:
            if os.path.isfile(path) and _changed_at(path) > since - COARSE_CLOCK:
                self._lookups[path] = ()
        self._files = _Files(stamps)
        self._installed = {folder: stamps[folder] for folder in installed}
        self.has_changed = False
        self._changed = None
        self._looked = -MOMENT
        names, missed = preload.top_level_names()
        self._names, self._missed = names | missed, missed
        # The folder of this helper is the same for every task.
        self._places = [each for each in sys.path[1:] if each not in installed and os.path.abspath(each) != os.path.dirname(own)]
        # What the finders remember of folders whose files come and go.
        for folder in list(sys.path_importer_cache):
            if folder not in installed:
                del sys.path_importer_cache[folder]

    def look(self):
        """For the next `change`. A save makes the executor ask before it has decided what to run: that takes as long."""
        self._changed = self._look()
        self._looked = time.monotonic()

    def change(self):
        """What has changed since the start, if anything has."""
        # What is installed is told by its folder, at once: a task's fingerprint has the versions of when it starts.
        if time.monotonic() > self._looked + MOMENT or any([stamp(each) != known for each, known in self._installed.items()]):
            self.look()
        self._looked = -MOMENT
        return self._changed

    def _look(self):
        path = self._files.first_changed() or next((path for path, known in self._lookups.items() if lookup_stamp(path) != known), None)
        if path is None:
            return None
        self.has_changed = True
        return f"{path} has changed"

    def shadowing(self, folder):
        """Why a task whose own modules are in `folder` would import another module than was preloaded, if it would."""
        for place in (folder, *self._places):
            for entry in _entries(place):
                name = entry.partition(".")[0]
                if name in self._names:
                    path = os.path.join(place, entry)
                    # A folder that is no package is found only where nothing else is.
                    has_file = os.path.exists(os.path.join(path, "__init__.py"))
                    is_package = os.path.isdir(path) and (name in self._missed or has_file)
                    if is_package or entry.endswith(SUFFIXES):
                        return f"{path} has the name of a module that an installed one imports"
        return None


class _Files:
    """Thousands of paths with their stamps, in two objects.

    Forks share memory until one of them writes to it, and to use an object is to write to it: to how often it is in use.
    So is to make one, in the gaps that were left when others went. With an object for each path, or a list of them, the
    system copied a thousand pages at each look, which took longer than the look itself.
    """

    _packed = struct.Struct("<B4Q")

    def __init__(self, stamps):
        self._paths = "".join([f"{path}\0" for path in stamps])
        self._known = b"".join(map(self._pack, stamps.values()))

    def first_changed(self):
        start, place = 0, 0
        end = self._paths.find("\0")
        while end != -1:
            path = self._paths[start:end]
            if self._pack(stamp(path)) != self._known[place : place + self._packed.size]:
                return path
            start, place = end + 1, place + self._packed.size
            end = self._paths.find("\0", start)
        return None

    def _pack(self, known):
        if not known:
            return self._packed.pack(0 if known is None else 2, 0, 0, 0, 0)
        modified, changed, size, inode = known
        # Times may be before 1970, and after 2554.
        return self._packed.pack(1, modified % 2**64, changed % 2**64, size, inode)


def _entries(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _changed_at(path):
    """The ctime too: what is moved here keeps an older mtime."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    return max(status.st_mtime_ns, status.st_ctime_ns)


def stamp(path):
    """What of a file changes with it, or None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    # The ctime too: what is copied may be given the time of what was there before.
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def installed_folders():
    """Folders of the standard library and of installed packages."""
    standard = os.path.dirname(os.__file__)
    names = ("site-packages", "dist-packages", "lib-dynload")
    return [folder for folder in sys.path if folder == standard or os.path.basename(folder) in names]
