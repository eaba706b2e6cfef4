"""A task that needs what no fork can give begins again, in the same process, as a fresh Python.

It is found out when the task imports a module: by then it has changed something that the module's import, which was
long before, might have asked for. Python is started in the place of the process if the task has done nothing yet but
read and import. It may be written down for the warm process as well, which starts the next of its kind fresh.
"""

import _signal
import os
import re
import sys
from mmap import mmap

from . import observe

_slots, _slot_size = 64, 512
_writing = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
# Audit events of what leaves no trace outside of the process, nor in what stays when Python is started anew.
_traceless = frozenset((
    "builtins.id", "code.__new__", "compile", "exec", "function.__new__", "gc.get_objects", "gc.get_referents", "gc.get_referrers",
    "glob.glob", "glob.glob/2", "import", "marshal.dumps", "marshal.loads", "object.__delattr__", "object.__getattr__", "object.__setattr__",
    "open", "os.chdir", "os.getxattr", "os.listdir", "os.listxattr", "os.putenv", "os.scandir", "os.unsetenv", "os.walk",
    "pathlib.Path.glob", "pathlib.Path.rglob", "pickle.find_class", "sys._current_frames", "sys._getframe", "sys._getframemodulename",
    "sys.excepthook", "sys.monitoring.register_callback", "sys.setprofile", "sys.settrace", "sys.unraisablehook", "time.sleep",
))  # fmt: skip
# In the text of a script or notebook, also in JSON. `MPLBACKEND` is seen to, and ours are for nobody's import.
_sets_environment = re.compile(
    r"""\benvironb?\s*(?:\[(?!\s*b?\\?["'](?:MPLBACKEND|RUNWEAVE_))[^\]\n]*\]\s*=(?!=)|\.\s*setdefault\s*\((?!\s*\\?["']MPLBACKEND)|\.\s*(?:update|pop|clear)\s*\(|\s*\|=)"""
    r"""|\bdel\s+(?:os\s*\.\s*)?environ\b|\b(?:putenv|unsetenv|load_dotenv)\s*\(|%(?:set_)?env\s+\w"""
)
_imports = re.compile(r"\bimport")

_told = mmap(-1, _slots * _slot_size)  # shared with the forks
_number = 0  # of the task's process, also in a kernel that it forked
_request = None
_before = None  # bytes that had been written when the task began
_is_traceless = True
_is_written_down = False


def needs_fresh(path):
    """Why a script or a notebook must not be forked, as its text says; or None."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    found = _sets_environment.search(text)
    if found and _imports.search(text, found.end()):
        return f"{os.path.basename(path)} sets environment variables before it imports"
    return None


def forked():
    """In a process that is to be one task's."""
    global _number
    _number = os.getpid()


def is_for(request):
    """The task that this process is: how it would be started fresh. A notebook's kernel can't be."""
    global _request
    _request = request if request["command"][2] in ("script", "call") else None


def begins():
    """Before anything of the task."""
    global _before
    if _request is not None:
        sys.addaudithook(_audit)
        _before = _unseen_output()


def begin_again(reason):
    """Starts Python in the place of this process. Returns if the task has done something already, or is a notebook."""
    can_be = _request is not None and os.getpid() == _number and _is_traceless and _before == _unseen_output() and _usual == _lasting()
    _write_down(b"once" if can_be else b"always", reason)
    if not can_be:
        return
    try:
        os.chdir(_request["cwd"])
        os.execvpe(_request["command"][0], _request["command"], _request["env"])
    except OSError:
        pass


def warn(text):
    """Tells of it where warnings of the task are told."""
    fields = ",".join([f"{observe._string(name)}:{observe._string(value)}" for name, value in {"category": "RuntimeWarning", "message": text, "file": ""}.items()])
    try:
        observe._append(f'{{"type":"warning",{fields},"line":0}}\n')
    except OSError:
        pass


def told_by(number):
    """Why the next task of the same source is to be started fresh, as the process with this id has written down, and
    whether also when the source has changed, as it could not begin again; or None."""
    start = number % _slots * _slot_size
    owner, _, told = _told[start : start + _slot_size].rstrip(b"\0").partition(b" ")
    if owner != b"%d" % number:
        return None
    _told[start : start + _slot_size] = bytes(_slot_size)
    how_long, _, reason = told.partition(b" ")
    return reason.decode("utf-8", "replace"), how_long == b"always"


def _write_down(how_long, reason):
    global _is_written_down
    if _is_written_down:
        return
    _is_written_down = True
    start = _number % _slots * _slot_size
    _told[start : start + _slot_size] = (b"%d %s " % (_number, how_long) + reason.encode("utf-8", "replace"))[:_slot_size].ljust(_slot_size, b"\0")


def _audit(event, arguments):
    global _is_traceless
    if event not in _traceless:
        _is_traceless = False
    elif event == "open" and arguments[2] & _writing and sys._getframe(1).f_code is not observe._append.__code__:
        _is_traceless = False


def _lasting():
    """What stays when Python is started anew."""
    os.umask(umask := os.umask(0))
    handlers = [_signal.getsignal(each) for each in _signal.valid_signals()]
    return umask, os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0), handlers, _signal.pthread_sigmask(_signal.SIG_BLOCK, ())


def _unseen_output():
    """Bytes that this process has written besides the observer's, less what was in the log; where that is not known, what nothing equals."""
    try:
        with open("/proc/self/io", "rb") as file:
            written = next(int(line.split()[1]) for line in file if line.startswith(b"wchar:"))
        return written - (os.stat(observe._log_file).st_size if os.path.exists(observe._log_file) else 0)
    except (OSError, StopIteration):
        return float("nan")


_usual = _lasting()  # a task begins with what the warm process has
