"""The kernel of a notebook task that was forked from a warm process: a fork of the task, in place of a new Python.

    fork() ──in the task──▶ a process that waits ──start(command, …)──▶ `python launch_kernel.py …`, in that process

Forked before the task has an event loop, a socket or a thread; what becomes of it is known later. With `waiting`
it is started before the notebook is known, and is told of the notebook's task by `give`, before any of its code.
"""

import glob
import json
import os
import signal
import socket
import sys

from . import ahead

_surroundings = None
_connection = None


class ForkedKernel:
    """As much of `subprocess.Popen` as is asked of a kernel's process."""

    stdin = stdout = stderr = None

    def __init__(self, pid, pipe, connection):
        self.pid = pid
        self.returncode = None
        self._pipe = pipe
        self._connection = connection

    def start(self, command, **options):
        """Takes the place of `Popen` where a kernel is launched."""
        message = {"command": command, "cwd": options.get("cwd"), "env": options["env"]}
        os.write(self._pipe, json.dumps(message).encode())
        os.close(self._pipe)
        self._pipe = None
        self.stdin = open(os.devnull, "wb")
        return self

    def give(self, request, outputs):
        """The task that it was started for; it takes it with `take_task`."""
        with self._connection:
            ahead.send(self._connection, request, outputs)

    def discard(self):
        """Ends it, if it was not started."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
            self.wait()

    def poll(self):
        return self._collect(os.WNOHANG)

    def wait(self):
        return self._collect(0)

    def _collect(self, options):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def fork(waiting=None):
    """A kernel to be; in the kernel's own process this ends as the kernel ends."""
    global _surroundings, _connection
    reading, writing = os.pipe()
    here, there = socket.socketpair() if waiting else (None, None)
    pid = os.fork()
    if pid:
        os.close(reading)
        if there:
            there.close()
        return ForkedKernel(pid, writing, here)
    os.close(writing)
    if there:
        here.close()
        waiting.close()
        _surroundings, _connection = waiting.surroundings, there
    else:
        # As `start_new_session`: an interrupt is the kernel's alone.
        os.setsid()
    # What takes its time needs not wait for the command.
    import ipykernel.debugger  # noqa: F401
    import ipykernel.zmqshell  # noqa: F401

    with open(reading, "rb") as pipe:
        data = pipe.read()
    if not data:
        os._exit(0)
    _become_kernel(**json.loads(data))


def runs_files():
    """Whether a kernel runs files of its user's when it starts: those may depend on the task.

    https://ipython.readthedocs.io/en/stable/config/intro.html
    """
    from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS
    from IPython.paths import get_ipython_dir

    profile = os.path.join(get_ipython_dir(), "profile_default")
    folders = [profile, *ENV_CONFIG_DIRS, *SYSTEM_CONFIG_DIRS, os.getcwd()]
    patterns = ("ipython*config.py", "ipython*config.json", "startup/*.py", "startup/*.ipy")
    found = (glob.glob(os.path.join(glob.escape(folder), pattern)) for folder in folders for pattern in patterns)
    return bool(os.environ.get("PYTHONSTARTUP")) or any(found)


def take_task():
    """Has a kernel that was started ahead go on as that of the task."""
    request, outputs = ahead.receive(_connection)
    # Until now it ended with the process that waits for the task.
    os.setsid()
    _surroundings.take_later(request, outputs, is_first=False)


def _become_kernel(command, cwd, env):
    from . import launch_kernel

    if cwd:
        os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[:] = command[1:]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = command
    sys.modules["__main__"] = type(sys)("__main__")
    launch_kernel.run()
    sys.exit()
