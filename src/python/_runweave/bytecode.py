"""Cached bytecode of a module of the workspace is used only if it was made from what the module's source holds now.

Python compares the time of the source's last change in whole seconds, and its size. So of two saves of the same length
within a second the second runs the bytecode of the first, in this process and in all later ones; so does a file with
that time that was moved into the place of another. The source counts for a task by its content, so the result of the
first would pass for one of the second.

PEP 552 has bytecode with the hash of its source in it, which Python compares. To Python any other bytecode, and none,
is shown here as such with a hash that is not the source's: it compiles the source then, and writes what is compared
from then on, by every Python. Nothing here is between the import system and the source: a traceback of a mistake in it
shows no frame of ours.

Installed packages are left to Python: they have thousands of modules, and count by their versions. What lies elsewhere
may be a package that is edited in place, or one that nobody may write to: its bytecode is doubted only if it was made
just after a change.
"""

import _imp
import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER, FileLoader, SourceFileLoader

# https://peps.python.org/pep-0552/#specification: the flags say that there is a hash, and that it is to be compared.
_checked = MAGIC_NUMBER + b"\3\0\0\0"
_of_another_source = _checked + bytes(8)
_site_folders = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

_workspace = ()
_installed = ()


def compare_with_source():
    """From now on, in this process and its forks; once the task's environment is that of the process."""
    global _workspace, _installed
    folder = os.environ.get("RUNWEAVE_WORKSPACE", "")
    # Somebody has told Python to compare no hashes.
    if _workspace or not os.path.isabs(folder) or _imp.check_hash_based_pycs == "never":
        return
    _workspace = tuple({os.path.join(each, "") for each in (os.path.normpath(folder), os.path.realpath(folder))})
    # An environment may lie in the workspace, as a workspace may in that of a system.
    environments = (os.path.join(each, "") for each in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix))
    _installed = (os.path.join(os.path.dirname(os.__file__), ""), *{each for each in environments if each.startswith(_workspace) and each not in _workspace})
    SourceFileLoader.get_data = _get_data


def _get_data(self, path):
    # Who makes a loader himself may give it paths that are no text.
    source, name = os.fsdecode(self.path), os.fsdecode(path)
    if name == source or not name.endswith(".pyc") or _is_installed(source):
        return FileLoader.get_data(self, path)
    is_of_workspace = os.path.abspath(source).startswith(_workspace)
    try:
        data = FileLoader.get_data(self, path)
    except OSError:
        if is_of_workspace:
            return _of_another_source
        raise
    if data.startswith(_checked) or not is_of_workspace and _is_certain(name, source):
        return data
    return _of_another_source


def _is_installed(source):
    return source.startswith(_installed) or any([each in source for each in _site_folders])


def _is_certain(bytecode, source):
    """Whether all saves of the second in which the source was changed were over: by longer than it takes to compile it."""
    return os.stat(bytecode).st_mtime > os.stat(source).st_mtime + 2
