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
# In the text of a script or notebook, also in JSON. `MPLBACKEND` is seen to, and ours are for nobody's import. Of a
# variable that is named, it is asked whether any import cares; `load_dotenv` is left to what is seen when it happens.
_sets_environment = re.compile(
    r"""\benvironb?\s*(?:\[\s*(?:b?\\?["'](?P<item>\w+)\\?["']|[^\]\n]*)\s*\]\s*=(?!=)|\.\s*setdefault\s*\(\s*(?:\\?["'](?P<default>\w+)|)|\.\s*(?:update|pop|clear)\s*\(|\s*\|=)"""
    r"""|\bdel\s+(?:os\s*\.\s*)?environ\b|\b(?:putenv|unsetenv)\s*\(|%(?:set_)?env\s+(?:(?P<magic>\w+)[= ]|\w)"""
)
_imports = re.compile(r"\b(?:import(?:lib|_module)?|__import__)\b")
_imported = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*\(?([\w, \t]*)|import[ \t]+([\w., \t]+))", re.MULTILINE)
_at_top = re.compile(r"^[^\s#].*", re.MULTILINE)
# Classes of modules that other tasks import are there as well.
_asks_for_classes = "__subclasses__"

_texts = {}  # path of a file → (its times and size, its text)
_told = mmap(-1, _slots * _slot_size)  # shared with the forks
_number = 0  # of the task's process, also in a kernel or a child that it forked
_is_told = False


def needs_fresh(path, folder, cares):
    """Why a task must not be forked, as the texts of its own modules say; or None.

    `path` is a script, a notebook, or the file of the module that has the function; its modules are looked for in
    `folder`. `cares` tells of a variable (bytes) whether an import may depend on it.
    """
    new, seen = [path], set()
    while new:
        each = new.pop()
        text = "" if each in seen else _text_of(each)
        seen.add(each)
        if not text:
            continue
        name = os.path.basename(each)
        if _asks_for_classes in text:
            return f"{name} asks for the subclasses of a class"
        # What a module of the task sets in its functions is seen when it happens.
        parts = [(text, 0)] if each == path else [(line.group(), None) for line in _at_top.finditer(text)]
        for part, start in parts if "env" in text else ():
            for found in _sets_environment.finditer(part):
                variable = found.group("item") or found.group("default") or found.group("magic")
                if (start is None or _imports.search(part, found.end())) and (variable is None or cares(variable.encode())):
                    return f"{name} sets environment variables before {'it imports' if each == path else 'others are imported'}"
        for found in _imported.finditer(text):
            package, items, modules = found.groups("")
            for item in (items or modules).split(","):
                module = (item.split() or [""])[0]
                new += _files_of(f"{package}.{module}" if package.strip(".") else package + module, os.path.dirname(each), folder)
    return None


def _files_of(module, here, folder):
    """Files that a module of the task may be in."""
    place = here if module.startswith(".") else folder
    steps = module.strip(".").split(".")
    paths = [os.path.join(place, *steps[:count]) for count in range(1, len(steps) + 1)]
    return [each for path in paths for each in (f"{path}.py", os.path.join(path, "__init__.py"))]


def _text_of(path):
    try:
        status = os.stat(path)
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        known = _texts.get(path)
        if known is None or known[0] != stamp:
            with open(path, encoding="utf-8", errors="replace") as file:
                known = _texts[path] = stamp, file.read()
        return known[1]
    except (OSError, ValueError):
        return ""


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
