"""Modules that were loaded before there was a task, and that an import by the task would have made otherwise.

The task gets them all the same, as half of them would not fit the other half. It is told of: to the user as a warning,
to the executor, which takes the result for one that has to be made again in a fresh process, and to the warm process,
which starts the next task of this source fresh. (See docs/decisions/0044-modules-that-do-not-fit-a-task.md.)
"""

import os
import re
from mmap import mmap

from . import observe

_slots, _slot_size = 64, 512
# In the text of a script or notebook, also in JSON. `MPLBACKEND` is seen to, and ours are for nobody's import.
_sets_environment = re.compile(
    r"""\benvironb?\s*(?:\[(?!\s*b?\\?["'](?:MPLBACKEND|RUNWEAVE_))[^\]\n]*\]\s*=(?!=)|\.\s*setdefault\s*\((?!\s*\\?["']MPLBACKEND)|\.\s*(?:update|pop|clear)\s*\(|\s*\|=)"""
    r"""|\bdel\s+(?:os\s*\.\s*)?environ\b|\b(?:putenv|unsetenv|load_dotenv)\s*\(|%(?:set_)?env\s+\w"""
)
_imports = re.compile(r"\b(?:import(?:lib|_module)?|__import__)\b")

_told = mmap(-1, _slots * _slot_size)  # shared with the forks
_number = 0  # of the task's process, also in a kernel or a child that it forked
_is_told = False


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


def tell(name, how):
    """Module `name` is given to a task that imports it, `how`: `after OMP_NUM_THREADS was set`."""
    global _is_told
    if _is_told:
        return
    _is_told = True
    start = _number % _slots * _slot_size
    _told[start : start + _slot_size] = (b"%d " % _number + f"{name} is imported {how}".encode("utf-8", "replace"))[:_slot_size].ljust(_slot_size, b"\0")
    text = f"{name} was loaded before the task, which imports it {how}: it may not be what it is in a fresh process. The task runs once more, in one; RUNWEAVE_WARM=off under env has it do so always"
    fields = ",".join([f"{observe._string(key)}:{observe._string(value)}" for key, value in {"category": "RuntimeWarning", "message": text, "file": ""}.items()])
    try:
        observe._append(f'{{"type":"warning",{fields},"line":0}}\n{{"type":"observed","misfit":{observe._string(f"{name} loaded before it was imported {how}")}}}\n')
    except OSError:
        pass


def told_by(number):
    """What the task's process with this id has told, or None."""
    start = number % _slots * _slot_size
    owner, _, reason = _told[start : start + _slot_size].rstrip(b"\0").partition(b" ")
    if owner != b"%d" % number:
        return None
    _told[start : start + _slot_size] = bytes(_slot_size)
    return reason.decode("utf-8", "replace")
