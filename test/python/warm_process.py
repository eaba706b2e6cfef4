"""A process with modules that were loaded ahead, as the executor has it, and a test that forks tasks from it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

from task_workspace import BOOTSTRAP, TaskTest


class WarmProcess:
    """The executor's end."""

    def __init__(self, env, folder, preload, notebooks=False, interpreter=sys.executable, inherits=(), bootstrap=BOOTSTRAP):
        self._own, theirs = socket.socketpair()
        space = "x" * 2048
        env = {name: value for name, value in env.items() if not name.startswith("RUNWEAVE_")}
        self.process = subprocess.Popen(
            [interpreter, "-S", "-E", "-X", "utf8", "-c", _AS_DESCRIPTOR_3, str(theirs.fileno()), interpreter, bootstrap, "warm", space],
            env={**env, "RUNWEAVE_WARM_SPACE": space},
            cwd=folder,
            pass_fds=[theirs.fileno(), *inherits],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._messages = self._own.makefile("r", encoding="utf-8")
        self._last = 0
        self._open = []
        self._send({"preload": preload, "isNotebook": notebooks, "workspace": folder, "perAttempt": "^(?:RUNWEAVE_(?:TASK|RUN_ID)|MLFLOW_TRACKING_URI)$"})
        self.first = self.receive()

    def receive(self):
        line = self._messages.readline()
        return json.loads(line) if line else None

    def _send(self, message):
        self._own.sendall(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def look(self, env):
        """Has it look at its files for the next task, and have looked."""
        self.start([sys.executable, BOOTSTRAP, "script", "/nowhere.py"], "/nowhere", env)
        self._send({"type": "look"})
        self.ahead()

    def ahead(self):
        """Has it make a fork for the next task; returns its pid, which the next task has."""
        before = self._children()
        self._send({"type": "ahead"})
        while not self._children() - before:
            os.sched_yield()
        return (self._children() - before).pop()

    def _children(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return {int(each) for each in file.read().split()}

    def start(self, command, cwd, env):
        """The first answer, and files with its output by the number of the stream."""
        self._last += 1
        self._send({"type": "start", "id": self._last, "command": command, "cwd": cwd, "env": env})
        answer = self.receive()
        streams = {}
        if answer["type"] == "started":
            for stream, descriptor in enumerate(answer["outputs"], 1):
                streams[stream] = open(f"/proc/{self.process.pid}/fd/{descriptor}", "rb", buffering=0)
            self._send({"type": "opened", "id": self._last})
        self._open += streams.values()
        return answer, streams

    def run(self, command, cwd, env):
        """As subprocess.run."""
        answer, streams = self.start(command, cwd, env)
        if not streams:
            raise AssertionError(answer)
        texts = {}

        def read(stream, file):
            texts[stream] = file.read().decode("utf-8")

        threads = [threading.Thread(target=read, args=each) for each in streams.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        end = self.receive()
        self.misfit = end.get("misfit")
        self._send({"type": "reap", "id": self._last})
        code = end["code"] if "code" in end else -getattr(signal, end["signal"])
        return subprocess.CompletedProcess(command, code, texts[1], texts[2])

    def close(self):
        for file in self._open:
            file.close()
        self._messages.close()
        self._own.close()
        self.process.wait()


def until_stopped(pid):
    """Waits for a process that stops itself."""
    while True:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            if file.read().rpartition(")")[2].split()[0] == "T":
                return
        os.sched_yield()


def until_ended(pid):
    """Waits for a process that was killed; its parent need not have asked for its end."""
    state = ""
    while state != "Z":
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        os.sched_yield()


_AS_DESCRIPTOR_3 = r"""
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.closerange(4, 256)
# With what it was given, and not what Python has set itself.
with open("/proc/self/environ", "rb") as file:
    env = dict(each.split(b"=", 1) for each in file.read().split(b"\0") if b"=" in each)
os.execve(sys.argv[2], sys.argv[2:], env)
"""


@unittest.skipUnless(sys.platform == "linux", "only Linux forks tasks")
class WarmTest(TaskTest):
    def warm(self, preload, **options):
        warm = WarmProcess(self.env(), self.folder, preload, interpreter=self.interpreter, **options)
        self.addCleanup(warm.close)
        return warm

    def ready(self, preload, **options):
        warm = self.warm(preload, **options)
        self.assertEqual(warm.first, {"type": "ready", "failed": {}})
        return warm

    def forked(self, warm, kind, source):
        return warm.run([self.interpreter, BOOTSTRAP, kind, source], self.folder, self.env())

    def both(self, warm, script, name="tasks/script.py"):
        """Runs a script fresh, forked, and in a fork made ahead: all must print the same and end the same."""
        path = self.write(name, script)
        fresh = self.task("script", path)
        for is_ahead in (False, True):
            if is_ahead:
                warm.ahead()
            forked = self.forked(warm, "script", path)
            self.assertEqual((forked.returncode, forked.stdout, forked.stderr), (fresh.returncode, fresh.stdout, fresh.stderr))
        return forked

    def seen(self):
        """All that was observed since it was asked for last, joined."""
        seen = {}
        for line in self.lines("observed"):
            for kind, value in line.items():
                if isinstance(value, list):
                    seen.setdefault(kind, []).extend(value)
                elif kind != "type":
                    for key, values in value.items():
                        seen.setdefault(kind, {}).setdefault(key, set()).update(values)
        with open(self.log, "w", encoding="utf-8"):
            pass
        return seen
