"""What a task really used: workspace modules, files read and written, installed packages.

Files are seen by an audit hook, which Python calls before every `open`; modules and packages are read from
`sys.modules` at the end. A file that the task wrote before it read it is not an input. Files that a C library opens by
itself, and files of child processes, are not seen: those are declared in the pipeline file.
"""

import atexit
import os
import sys

_here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_hidden = {".git", ".runweave", ".ipynb_checkpoints", "__pycache__", "site-packages", "dist-packages"}
_writing = os.O_WRONLY | os.O_RDWR

_process = -1
_log_file = ""
_path = []
_workspace = ""
_real_workspace = ""
_preloaded = frozenset()
_sources = []
_read = {}  # as an ordered set: dicts stay consistent when several threads open files
_written = {}
_imported = {}  # what the task's own code imports: the executor has it ready for the next time
_installed = (os.path.dirname(os.__file__) + os.sep, _here + os.sep, "<frozen ")


def start(source=None):
    """Starts observing; one `observed` line is written when the process exits.

    `source` is a file that counts as a module although no module has it as its file: a notebook.
    """
    global _process, _log_file, _path, _workspace, _real_workspace, _preloaded
    _workspace = os.path.normpath(os.environ.get("RUNWEAVE_WORKSPACE") or ".")
    _log_file = os.environ.get("RUNWEAVE_LOG", "")
    if not os.path.isabs(_workspace) or not _log_file:
        return
    _path = list(sys.path)
    _real_workspace = os.path.realpath(_workspace)
    _process = os.getpid()
    _preloaded = frozenset(sys.modules)
    if source:
        _sources.append(source)
    sys.addaudithook(_audit)


def _audit(event, arguments):
    if event == "open":
        try:
            path, _, flags = arguments
            if isinstance(path, int) or path is None:
                return
            path = _in_workspace(path)
            if path is None:
                return
            if flags & _writing:
                if flags & os.O_RDWR and not flags & os.O_TRUNC and path not in _written and os.path.exists(path):
                    _read[path] = None
                _written[path] = None
            elif path not in _written:
                _read[path] = None
        except Exception:
            pass  # an exception here would make the task's own open() fail
    elif event == "import":
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back
        if frame is not None and not _is_installed(frame.f_code.co_filename):
            _imported[arguments[0]] = None
    elif event == "os.rename":
        try:
            _renamed(_in_workspace(arguments[0]), _in_workspace(arguments[1]))
        except Exception:
            pass


def _renamed(source, target):
    """A file written under a temporary name, then renamed, was written; so was each file of a renamed folder."""
    if source is None or target is None:
        return
    for path in list(_written):
        if path == source or path.startswith(source + os.sep):
            del _written[path]
            _written[target + path[len(source) :]] = None


def _in_workspace(path):
    """Absolute path below the workspace as it was given to us, or None."""
    path = os.fsdecode(path)
    path = os.path.normpath(path if os.path.isabs(path) else os.path.join(os.getcwd(), path))
    for root in (_workspace, _real_workspace):
        if path.startswith(root) and path[len(root) : len(root) + 1] == os.sep:
            return _workspace + path[len(root) :]
    return None


def _is_installed(path):
    return path.startswith(_installed) or "site-packages" in path or "dist-packages" in path


def report():
    """Writes the `observed` line, once, and only in the process that started observing (not in its forks)."""
    global _process
    if _process != os.getpid():
        return
    _process = -1
    try:
        _report()
    except Exception as error:
        print(f"runweave: what the task used was not recorded: {error!r}", file=sys.stderr)


def _report():
    # By now the task may have emptied the search path and the environment.
    path, sys.path = sys.path, [_here, *_path]
    os.environ.setdefault("RUNWEAVE_LOG", _log_file)
    from runweave import _log

    from .packages import distributions

    sys.path = path
    modules = dict.fromkeys(_sources)
    for module in list(sys.modules.values()):
        file = getattr(module, "__dict__", {}).get("__file__")
        path = _in_workspace(file) if isinstance(file, str) else None
        if path is not None:
            modules[path] = None
    params = _in_workspace(os.environ.get("RUNWEAVE_PARAMS", os.devnull))
    ignored = [_here, os.path.dirname(os.path.abspath(_log.path)), sys.prefix, sys.exec_prefix, sys.base_prefix]
    ignored = tuple(root + os.sep for root in ignored if root not in (_workspace, _real_workspace))

    def counts(path):
        return (
            not path.startswith(ignored)
            and path != params
            and _hidden.isdisjoint(path[len(_workspace) :].split(os.sep))
            and (os.path.isfile(path) or not os.path.exists(path))  # a file that was looked for counts when it comes
        )

    _log.write(
        [
            {
                "type": "observed",
                "modules": sorted(filter(counts, modules)),
                "read": sorted(path for path in _read if path not in modules and counts(path)),
                "written": sorted(path for path in _written if counts(path) and os.path.isfile(path)),
                "packages": distributions(set(sys.modules) - _preloaded),
                "imported": [name for name in list(_imported) if _is_of_installed(name)],
            }
        ]
    )


def _is_of_installed(name):
    """Whether a module is there, and is Python's own or of an installed package."""
    origin = getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", None)
    return origin is not None and (_is_installed(origin) or origin in ("built-in", "frozen"))


# Before anything of the task, so run after everything of the task. Also if a task is forked with modules in it that
# want to be told of its end.
atexit.register(report)
