"""What a process has from whoever started it, as a fork takes it on in the middle of its life."""

import os
import sys

from . import ahead

# More are not found open: a process with that many would have been refused.
_descriptors = 4096


class Surroundings:
    """Of the tasks that this process is for: made before anything has changed them."""

    def __init__(self):
        self._env = dict(os.environ)
        self._env.pop("RUNWEAVE_WARM_SPACE", None)
        self._coerced = coerced_locale()
        self._folder = os.getcwd()
        self._space = _Space()

    def fit(self, request):
        return self._space.fits(_marks(request))

    def take(self, request, outputs):
        """Those of one task; `outputs` are descriptors."""
        for stream, output in enumerate(outputs, 1):
            os.dup2(output, stream)
        os.closerange(3, _descriptors)
        os.environ.clear()
        os.environ.update({**request["env"], **self._coerced})
        self._appear_as(request)

    def wait(self, connection):
        """Those that all tasks have; returns the descriptor of the connection, the only one that stays open."""
        connection = os.dup2(connection, 3, inheritable=False)
        os.closerange(4, _descriptors)
        os.chdir(self._folder)
        os.environ.clear()
        os.environ.update(self._env)
        ahead.hold_output()
        return connection

    def take_later(self, request, outputs, is_first=True):
        """As `take`, after `wait`. What has been put into the environment since stays: a kernel chooses Matplotlib's backend."""
        ahead.pass_output_on(outputs, is_first)
        for output in outputs:
            os.close(output)
        added = {name: value for name, value in os.environ.items() if self._env.get(name) != value}
        os.environ.clear()
        os.environ.update({**request["env"], **self._coerced, **added})
        self._appear_as(request)

    def _appear_as(self, request):
        os.chdir(request["cwd"])
        self._space.fill(_marks(request), request["command"])


def given_environment():
    """What Python had in `os.environ` when it started, before `sitecustomize` and others of its start-up files."""
    with open("/proc/self/environ", "rb") as file:
        variables = [os.fsdecode(each).partition("=") for each in file.read().split(b"\0") if b"=" in each]
    return {**{name: value for name, _, value in variables}, **coerced_locale()}


def coerced_locale():
    """What Python itself sets where the locale is `C`: https://peps.python.org/pep-0538/"""
    value = os.environ.get("LC_CTYPE")
    with open("/proc/self/environ", "rb") as file:
        is_given = b"\0LC_CTYPE=" in b"\0" + file.read()
    return {"LC_CTYPE": value} if value in ("C.UTF-8", "C.utf8", "UTF-8") and not is_given else {}


def _marks(request):
    return os.fsencode("".join(f"{name}={request['env'][name]}\0" for name in ("RUNWEAVE_RUN_ID", "RUNWEAVE_TASK")))


class _Space:
    """Where the kernel shows a process's arguments and environment (proc(5)), to be overwritten by a fork: its own
    descendants are found by the variables that name the run and the task, and people look for it with `ps`.

    The executor has left room: a variable for the marks, and an argument.
    """

    def __init__(self):
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        # Fields 48 to 51 of proc(5); the first here is the third.
        self._arguments, arguments_end, environment = (int(fields[n - 3]) for n in (48, 49, 50))
        self._arguments_size = arguments_end - self._arguments
        with open("/proc/self/environ", "rb") as file:
            whole = file.read()
        start = whole.index(b"RUNWEAVE_WARM_SPACE=")
        self._size = whole.index(b"\0", start) - start
        self._marks = environment + start
        self.fill(b"", [*sys.orig_argv[:3]] if hasattr(sys, "orig_argv") else [sys.executable, *sys.argv[:2]])
        with open("/proc/self/environ", "rb") as file:
            if b"RUNWEAVE_WARM_SPACE=" in file.read():
                raise OSError("the environment that the kernel shows can't be changed")
        os.environ.pop("RUNWEAVE_WARM_SPACE", None)

    def fits(self, marks):
        return len(marks) < self._size

    def fill(self, marks, command):
        shown = b"".join(os.fsencode(argument) + b"\0" for argument in command)
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(self._marks)
            memory.write(marks.ljust(self._size, b"\0"))
            if len(shown) <= self._arguments_size:
                memory.seek(self._arguments)
                memory.write(shown.ljust(self._arguments_size, b"\0"))
