"""A process that has imported what tasks import, and forks for each of them: the other end of the executor's
`execution/backend/warm.ts`.

    starting ──first message: what to import──▶ loading ──fork is safe──▶ ready ──request──▶ fork: serve() returns in it
                                                   │                        │ a file has changed: told, no fork
                                                   └──unsafe──▶ told, ends  └──executor gone──▶ ends tasks and itself

Messages are lines of JSON on descriptor 3. A task's output goes to pipes, as a fresh task's does: a program may open
`/dev/stdout`, which no socket allows. The executor opens their other ends as `/proc/<pid>/fd/<n>` of this process, which
keeps them until it is told so.

A task must not be able to tell the difference, so this process does nothing to itself that a fresh one has not: it has
the same standard streams, signals and limits, starts no thread, and hides its modules (see `preload`).
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import time

from . import ahead, misfits, preload
from .guard import CONTROL, Guard, problem_at_start
from .surroundings import Surroundings
from .watched_files import WatchedFiles

# Milliseconds that a fork is kept for a task that does not come; kilobytes that a system must have left for one.
LONGEST_WAIT = 300_000
LEAST_MEMORY = 500_000
# What a notebook's task and its kernel import before the first cell.
NOTEBOOK = [
    "asyncio", "nbformat", "nbformat.v4", "jupytext", "nbclient.exceptions", "_runweave.notebook_file",
    "_runweave.kernel", "jupyter_client.provisioning.local_provisioner", "ipykernel.kernelapp", "ipykernel.debugger",
    "runpy",
]  # fmt: skip


def serve(visible):
    """Serves requests. Returns only in a fork, which is then the task's process, with `sys.argv` as it asks for.

    For a notebook that is not known yet it returns a `Waiting`, else None.
    """
    from _warnings import filters

    filters = list(filters)
    receive = _lines()
    order = next(receive)[0]
    problem = problem_at_start()
    if problem:
        _end_as_unusable(f"files that run when Python starts {problem}")
    try:
        surroundings = Surroundings()
    except (OSError, ValueError) as error:
        _end_as_unusable(f"this system shows no changed environment: {error}")
    if not preload.is_followed():
        _end_as_unusable(f"Python {sys.version_info.major}.{sys.version_info.minor} imports in another way")
    guard = Guard(order["workspace"], order["perAttempt"])
    refused, failed = {}, {}
    # In the order of a kernel: some packages ask whether they are in one.
    roots = (NOTEBOOK if order["isNotebook"] else []) + order["preload"]
    began = time.time_ns()
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
    preload.hide(visible, filters, roots, guard.reads, misfits.tell)
    watched = WatchedFiles(guard.reads, began)
    gc.unfreeze()
    gc.collect()
    # Forks share what is not touched; the collector would touch everything.
    gc.freeze()
    os.chdir("/")
    _send({"type": "ready", "failed": failed})
    return _Server(order, watched, surroundings).run(receive)


def _end_as_unusable(reason):
    _send({"type": "unusable", "reason": reason})
    os._exit(0)


class _Server:
    def __init__(self, order, watched, surroundings):
        self._is_notebook = order["isNotebook"]
        self._watched = watched
        self._surroundings = surroundings
        self._tasks = {}  # descriptor of the process → (id of the request, pid, environment)
        self._outputs = {}  # id of the request → ends of its pipes that the executor has not opened yet
        self._ahead = None  # (descriptor of the process, pid, connection) of a fork that waits for a task
        self._unused = {}  # descriptor of the process → pid of one that need not wait any more
        self._poll = select.poll()

    def run(self, receive):
        """Returns in a fork only."""
        self._poll.register(CONTROL, select.POLLIN)
        while True:
            ready = self._poll.poll(LONGEST_WAIT if self._ahead else None)
            if not ready:
                self._end_ahead()
            for descriptor, _ in ready:
                if descriptor in self._tasks:
                    self._poll.unregister(descriptor)
                    self._tell_end(descriptor)
                    continue
                if descriptor != CONTROL:
                    self._reap_unused(descriptor)
                    continue
                for message in next(receive, None) or self._end():
                    if message["type"] == "opened":
                        _close(self._outputs.pop(message["id"]))
                        continue
                    if message["type"] == "reap":
                        self._reap(message["id"])
                        continue
                    if message["type"] == "end":
                        self._end_ahead()
                        os._exit(0)
                    if message["type"] == "look":
                        self._watched.look()
                        continue
                    if message["type"] == "ahead":
                        waiting = self._fork_ahead()
                        if waiting is not None:
                            return waiting if self._is_notebook else None
                        continue
                    if self._start(message):
                        return None

    def _start(self, request):
        """True in the new process, if there is one."""
        number = request["id"]
        reason = self._watched.change() or self._watched.shadowing(_own_folder(request)) or _why_fresh(request)
        kept, outputs = [], []  # ends of pipes: the executor's, and the task's
        try:
            if reason:
                raise OSError(reason)
            if not self._surroundings.fit(request):
                raise OSError("the task's name is too long")
            for _ in ("stdout", "stderr"):
                reading, writing = os.pipe()
                kept.append(reading)
                outputs.append(writing)
            os.stat(request["cwd"])
            descriptor, pid = self._hand_over(request, outputs) or (None, os.fork())
        except (OSError, ValueError) as error:
            _send({"type": "not-started", "id": number, "reason": str(error), "stale": self._watched.has_changed})
            _close(kept + outputs)
            return False
        if pid == 0:
            os.setsid()
            misfits.forked()
            self._surroundings.take(request, outputs)
            take_command(request)
            return True
        if descriptor is None:
            descriptor = os.pidfd_open(pid)
            self._poll.register(descriptor, select.POLLIN)
        self._tasks[descriptor] = (number, pid, request["env"])
        self._outputs[number] = kept
        _send({"type": "started", "id": number, "pid": pid, "outputs": kept})
        _close(outputs)
        return False

    def _fork_ahead(self):
        """In the new process what waits for its task, which has come if it is no notebook; None if there is none."""
        if self._ahead is not None or _memory_is_short():
            return None
        here, there = socket.socketpair()
        pid = os.fork()
        if pid:
            there.close()
            descriptor = os.pidfd_open(pid)
            self._poll.register(descriptor, select.POLLIN)
            self._ahead = (descriptor, pid, here)
            return None
        here.close()
        os.setsid()
        misfits.forked()
        waiting = Waiting(socket.socket(fileno=self._surroundings.wait(there.detach())), self._surroundings)
        if not self._is_notebook:
            preload.touch()
            # What runs most tasks: to import it takes as long as to give a task a large package.
            from . import script  # noqa: F401

            waiting.become()
        return waiting

    def _hand_over(self, request, outputs):
        """Descriptor and id of the process that was waiting for a task, if one was."""
        if self._ahead is None:
            return None
        (descriptor, pid, connection), self._ahead = self._ahead, None
        with connection:
            try:
                ahead.send(connection, request, outputs)
                return descriptor, pid
            except OSError:
                self._unused[descriptor] = pid
                return None

    def _end_ahead(self):
        if self._ahead is not None:
            descriptor, pid, connection = self._ahead
            connection.close()
            self._unused[descriptor] = pid
            self._ahead = None

    def _reap_unused(self, descriptor):
        if self._ahead is not None and self._ahead[0] == descriptor:
            self._end_ahead()
        self._poll.unregister(descriptor)
        os.waitpid(self._unused.pop(descriptor), 0)
        os.close(descriptor)

    def _tell_end(self, descriptor):
        number, pid, _ = self._tasks[descriptor]
        misfit = misfits.told_by(pid)
        told = {"type": "ended", "id": number} if misfit is None else {"type": "ended", "id": number, "misfit": misfit}
        # Not reaped yet: until the executor has ended all that the task left behind, its id must not be another's.
        info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        if info.si_code == os.CLD_EXITED:
            _send({**told, "code": info.si_status})
        else:
            names = {each.value: each.name for each in signal.Signals}
            name = names.get(info.si_status, f"signal {info.si_status}")  # real-time signals have no names
            _send({**told, "signal": name})

    def _reap(self, number):
        for descriptor, (task, pid, _) in list(self._tasks.items()):
            if task == number:
                os.waitpid(pid, 0)
                os.close(descriptor)
                del self._tasks[descriptor]

    def _end(self):
        """The executor is gone: nobody would see these end."""
        self._end_ahead()
        from . import spawner

        for _, pid, env in self._tasks.values():
            spawner.signal_group(pid, signal.SIGKILL)
            # Also what left the group, as the executor would have.
            spawner.kill_left(spawner.marks_in({os.fsencode(name): os.fsencode(value) for name, value in env.items()}), pid)
        os._exit(0)


class Waiting:
    """A fork for a task that is not known yet."""

    def __init__(self, connection, surroundings):
        self.surroundings = surroundings
        self._connection = connection

    def close(self):
        self._connection.close()

    def receive(self):
        """The task, and descriptors for its output; not before the executor starts it."""
        return ahead.receive(self._connection)

    def become(self):
        """Returns when the task is there, as its process."""
        try:
            request, outputs = self.receive()
        except EOFError:
            os._exit(0)
        self.surroundings.take_later(request, outputs)
        take_command(request)


def take_command(request):
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = request["command"]
    sys.argv[:] = request["command"][1:]


def _close(descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


def _memory_is_short():
    with open("/proc/meminfo", "rb") as file:
        available = next((line for line in file if line.startswith(b"MemAvailable:")), b"MemAvailable: 0")
    return int(available.split()[1]) < LEAST_MEMORY


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
            # As Python decodes a fresh process's arguments and environment: the locale's encoding may be ASCII.
            yield [json.loads(os.fsdecode(line)) for line in lines]


def _why_fresh(request):
    kind, source = request["command"][2:4]
    folder = _own_folder(request)
    path = source if kind != "call" else os.path.join(folder, *source.partition(":")[0].split(".")) + ".py"
    return misfits.needs_fresh(path, folder, preload.cares_for)


def _own_folder(request):
    """The folder that comes first on the task's `sys.path`."""
    kind, source, *rest = request["command"][2:]
    if kind == "script":
        return os.path.dirname(os.path.realpath(source))
    return rest[0] if kind == "call" and rest else request["cwd"]
