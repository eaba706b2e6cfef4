"""A process that has imported what tasks import, and forks for each of them: the other end of the executor's
`execution/backend/warm.ts`.

    starting ──first message: what to import──▶ loading ──fork is safe──▶ ready ──request──▶ fork: serve() returns in it
                                                   │                        │ a file has changed: told, no fork
                                                   └──unsafe──▶ told, ends  └──executor gone──▶ ends tasks and itself

Messages are lines of JSON on descriptor 3. A task's output goes to sockets that are connected for it to the address in
the first message; the first line on each says whose it is.

A task must not be able to tell the difference, so this process does nothing to itself that a fresh one has not: it has
the same standard streams, signals and limits, starts no thread, and hides its modules (see `preload`).
"""

import _signal
import gc
import json
import os
import select
import signal
import socket
import sys
from importlib.machinery import all_suffixes

from . import preload

CONTROL = 3
SUFFIXES = tuple(all_suffixes())
# Not known to survive a fork, or made for the environment of one task: with sources in the decision record.
DENIED = {
    "cupy", "grpc", "jax", "jaxlib", "mlflow", "opentelemetry", "polars", "pyarrow", "ray", "tensorflow", "torch",
}  # fmt: skip

# What a notebook's task and its kernel import before the first cell.
NOTEBOOK = [
    "asyncio", "nbformat", "nbformat.v4", "jupytext", "nbclient.exceptions", "_runweave.notebook_file",
    "_runweave.kernel", "jupyter_client.provisioning.local_provisioner", "ipykernel.kernelapp", "ipykernel.debugger",
    "runpy",
]  # fmt: skip


def serve(visible):
    """Serves requests. Returns only in a fork, which is then the task's process, with `sys.argv` as it asks for."""
    from _warnings import filters

    filters = list(filters)
    receive = _lines()
    order = next(receive)[0]
    try:
        space = _Space()
    except (OSError, ValueError) as error:
        _send({"type": "unusable", "reason": f"this system shows no changed environment: {error}"})
        os._exit(0)
    guard = _Guard(order)
    refused, failed = {}, {}
    roots = order["preload"] + (NOTEBOOK if order["isNotebook"] else [])
    for name in roots:
        try:
            reason = guard.load(name)
        except BaseException as error:  # a module may even exit when it is imported
            failed[name] = f"{type(error).__name__}: {error}"
            reason = guard.what_changed()
        if reason:
            refused[name] = reason
            break
    guard.end()
    if refused:
        # What it did can't be undone: the executor starts another process without it.
        _send({"type": "refused", "modules": refused})
        os._exit(0)
    # Reads the environment of the one kernel that it is for when it is imported; what it imports itself stays.
    preload.forget("ipykernel.kernelapp")
    preload.hide(visible, filters, roots)
    watched = _Watched(guard.opened)
    gc.collect()
    # Forks share what is not touched; the collector would touch everything.
    gc.freeze()
    os.chdir("/")
    _send({"type": "ready", "failed": failed})
    _Server(order["address"], watched, space).run(receive)


class _Server:
    def __init__(self, address, watched, space):
        self._address = address
        self._watched = watched
        self._space = space
        self._tasks = {}  # descriptor of the process → (id of the request, pid)

    def run(self, receive):
        poll = select.poll()
        poll.register(CONTROL, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor in self._tasks:
                    poll.unregister(descriptor)
                    self._tell_end(descriptor)
                    continue
                for message in next(receive, None) or self._end():
                    if message["type"] == "reap":
                        self._reap(message["id"])
                        continue
                    if message["type"] == "end":
                        os._exit(0)
                    process = self._start(message)
                    if process is None:
                        return
                    if process >= 0:
                        poll.register(process, select.POLLIN)

    def _start(self, request):
        """Descriptor of the new process, -1 if there is none, None in the new process itself."""
        number = request["id"]
        reason = self._watched.change() or _shadowed(_own_folder(request))
        sockets = []
        try:
            if reason:
                raise OSError(reason)
            marks = "".join(f"{name}={request['env'][name]}\0" for name in ("RUNWEAVE_RUN_ID", "RUNWEAVE_TASK"))
            if not self._space.fits(os.fsencode(marks)):
                raise OSError("the task's name is too long")
            for stream in (1, 2):
                output = socket.socket(socket.AF_UNIX)
                sockets.append(output)
                output.connect(self._address)
                output.sendall(b"%d %d\n" % (number, stream))
            os.stat(request["cwd"])
            pid = os.fork()
        except (OSError, ValueError) as error:
            _send({"type": "not-started", "id": number, "reason": str(error), "stale": self._watched.has_changed})
            for output in sockets:
                output.close()
            return -1
        if pid == 0:
            self._become_task(request, sockets, os.fsencode(marks))
            return None
        descriptor = os.pidfd_open(pid)
        self._tasks[descriptor] = (number, pid)
        _send({"type": "started", "id": number, "pid": pid})
        for output in sockets:
            output.close()
        return descriptor

    def _become_task(self, request, sockets, marks):
        os.setsid()
        for stream, output in enumerate(sockets, 1):
            os.dup2(output.detach(), stream)
        os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 4096 else 4096)
        os.chdir(request["cwd"])
        self._space.fill(marks, request["command"])
        os.environ.clear()
        os.environ.update(request["env"])
        if hasattr(sys, "orig_argv"):
            sys.orig_argv[:] = request["command"]
        sys.argv[:] = request["command"][1:]

    def _tell_end(self, descriptor):
        number, pid = self._tasks[descriptor]
        # Not reaped yet: until the executor has ended all that the task left behind, its id must not be another's.
        info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        if info.si_code == os.CLD_EXITED:
            _send({"type": "ended", "id": number, "code": info.si_status})
        else:
            names = {each.value: each.name for each in signal.Signals}
            name = names.get(info.si_status, f"signal {info.si_status}")  # real-time signals have no names
            _send({"type": "ended", "id": number, "signal": name})

    def _reap(self, number):
        for descriptor, (task, pid) in list(self._tasks.items()):
            if task == number:
                os.waitpid(pid, 0)
                os.close(descriptor)
                del self._tasks[descriptor]

    def _end(self):
        """The executor is gone: nobody would see these end."""
        for _, pid in self._tasks.values():
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.unlink(self._address)
            os.rmdir(os.path.dirname(self._address))
        except OSError:
            pass
        os._exit(0)


def _send(message):
    try:
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(CONTROL, data) :]
    except OSError:
        pass  # the executor is gone, which the next read tells


def _lines():
    """Lists of messages, as they come in; ends when the executor does."""
    rest = b""
    while True:
        try:
            chunk = os.read(CONTROL, 1 << 20)
        except OSError:
            chunk = b""
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield [json.loads(line) for line in lines]


class _Guard:
    """Imports modules, and tells when one does what a fork, or a task that does not import it, must not inherit."""

    def __init__(self, order):
        self.opened = set()
        self._roots = tuple(folder + os.sep for folder in [*_installed_folders(), sys.path[0]])
        self._is_over = False
        self._known = set(sys.modules)
        sys.addaudithook(self._audit)
        # What is printed now would be missing from the task's output.
        self._printed = os.memfd_create("printed")
        self._streams = [os.dup(1), os.dup(2)]
        os.dup2(self._printed, 1)
        os.dup2(self._printed, 2)
        self._before = self._state()

    def _audit(self, event, arguments):
        if event == "open" and not self._is_over and isinstance(arguments[0], str):
            self.opened.add(os.path.abspath(arguments[0]))

    def load(self, name):
        """Imports a module; returns why it must not be here, if it must not."""
        if name.partition(".")[0] in DENIED:
            return "is not known to survive a fork"
        # Nobody can debug a kernel that nobody else knows of, and the debugger changes `builtins` and prints.
        hidden = {} if "debugpy" in sys.modules or name != "ipykernel.debugger" else {"debugpy": None}
        sys.modules.update(hidden)
        try:
            preload.load(name)
        finally:
            for each in hidden:
                sys.modules.pop(each, None)
        return self.what_changed()

    def what_changed(self):
        new = [each for each in sys.modules if each not in self._known]
        self._known.update(new)
        for each in new:
            if each.partition(".")[0] in DENIED:
                return f"imports {each}, which is not known to survive a fork"
            origin = getattr(getattr(sys.modules[each], "__spec__", None), "origin", None)
            if isinstance(origin, str) and os.path.isabs(origin) and not origin.startswith(self._roots):
                return f"imports {origin}, which is not installed"
        if len(os.listdir("/proc/self/task")) > 1:
            # OpenBLAS starts its threads when numpy is imported, and ends them before a fork.
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            if len(os.listdir("/proc/self/task")) > 1:
                return "leaves threads running"
        after = self._state()
        for what, value in after.items():
            if value != self._before[what]:
                return f"changes {what}"
        return None

    def _state(self):
        import _locale
        import builtins

        try:
            os.waitpid(-1, os.WNOHANG)
            children = True
        except ChildProcessError:
            children = False
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return {
            "the output by printing": os.fstat(self._printed).st_size,
            "the open files": sorted(fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")),
            "the child processes": children,
            "signal handlers": [_signal.getsignal(each) for each in _signal.valid_signals()],
            "the locale": _locale.setlocale(_locale.LC_ALL, None),
            "the working directory": os.getcwd(),
            "sys.path": list(sys.path),
            "hooks of sys": [getattr(sys, hook) for hook in ("excepthook", "displayhook", "unraisablehook")],
            "the standard streams": [id(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
            "the recursion limit": sys.getrecursionlimit(),
            "builtins": [name for name in vars(builtins) if name != "_"],
        }

    def end(self):
        self._is_over = True
        for stream, copy in enumerate(self._streams, 1):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(self._printed)


class _Watched:
    """Files on which it depends what an import gives: of modules, and what was read while they were imported."""

    def __init__(self, opened):
        installed = _installed_folders()
        read = [path for path in opened if f"{os.sep}__pycache__{os.sep}" not in path and not path.startswith(("/proc/", "/dev/", "/sys/"))]
        here = [os.path.realpath(sys.executable), os.path.join(sys.prefix, "pyvenv.cfg")]
        self._stamps = {path: _stamp(path) for path in [*preload.files(), *read, *here, *installed]}
        self.has_changed = False
        # What the finders remember of folders whose files come and go.
        for folder in list(sys.path_importer_cache):
            if folder not in installed:
                del sys.path_importer_cache[folder]

    def change(self):
        """What has changed since the start, if anything has."""
        for path, stamp in self._stamps.items():
            if _stamp(path) != stamp:
                self.has_changed = True
                return f"{path} has changed"
        return None


def _stamp(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _installed_folders():
    """Folders of the standard library and of installed packages."""
    standard = os.path.dirname(os.__file__)
    names = ("site-packages", "dist-packages", "lib-dynload")
    return [folder for folder in sys.path if folder == standard or os.path.basename(folder) in names]


def _own_folder(request):
    """The folder that comes first on the task's `sys.path`."""
    kind, source = request["command"][2:4]
    return os.path.dirname(os.path.realpath(source)) if kind == "script" else request["cwd"]


def _shadowed(folder):
    """Why a task whose own modules are in `folder` would import another module than was preloaded."""
    names, missed = preload.top_level_names()
    for place in [folder, *(each for each in sys.path[1:] if each not in _installed_folders())]:
        try:
            entries = os.listdir(place)
        except OSError:
            continue
        for entry in entries:
            name = entry.partition(".")[0]
            if name in names or name in missed:
                path = os.path.join(place, entry)
                # A folder that is no package is found only where nothing else is.
                is_package = os.path.isdir(path) and (name in missed or os.path.exists(os.path.join(path, "__init__.py")))
                if is_package or entry.endswith(SUFFIXES):
                    return f"{path} has the name of a module that an installed one imports"
    return None


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
