"""The kernel of a notebook task, and what is asked of it besides its cells.

A notebook that names no kernel, or `python3`, or a Python kernel that is not installed here, runs in the interpreter
that runs this file: the one that the user chose for the pipeline, whether or not a kernel is registered for it.
"""

import ast
import json
import os
import signal
import sys
import tempfile
import time
from queue import Empty

from jupyter_client import AsyncKernelManager, launcher
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from .cell_outputs import PrintedText

OWN = "python3"

_LAUNCHED = ["-m", "ipykernel_launcher"]
_LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch_kernel.py")


class _OwnInterpreter(KernelSpecManager):
    def get_kernel_spec(self, kernel_name):
        if kernel_name == OWN:
            argv = [sys.executable, _LAUNCHER, "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")
        spec = super().get_kernel_spec(kernel_name)
        at = next((at for at in range(len(spec.argv)) if spec.argv[at : at + 2] == _LAUNCHED), None)
        # Of a Python only: what else is started may do so where there is no such file, as in a container.
        if at and os.path.basename(spec.argv[0]).startswith("python") and all(each.startswith("-") for each in spec.argv[1:at]):
            spec.argv[at : at + 2] = [_LAUNCHER]
        return spec


class _Manager(AsyncKernelManager):
    """Nothing runs any more when a kernel is asked to end, so it is not interrupted first: it would complain of that."""

    async def _async_interrupt_kernel(self):
        pass


def kernel_name(notebook):
    """Name of the kernel to start; raises ValueError if it is not installed and is not a Python kernel."""
    spec = notebook.metadata.get("kernelspec", {})
    name = spec.get("name") or OWN
    if name == OWN:
        return OWN
    try:
        KernelSpecManager().get_kernel_spec(name)
        return name
    except NoSuchKernel:
        language = notebook.metadata.get("language_info", {}).get("name") or spec.get("language") or "python"
        if language != "python":
            raise ValueError(f"the kernel {name!r} ({language}) is not installed") from None
        print(f"runweave: no kernel {name!r} here; using {sys.executable}", file=sys.stderr)
        return OWN


def language_of(name):
    """Language of an installed kernel, in lower case."""
    return _OwnInterpreter().get_kernel_spec(name).language.lower()


class Kernel(NotebookClient):
    """Runs cells one by one; what they print is handed on as it arrives."""

    def __init__(self, notebook, name, forked=None):
        # Sockets in a folder of our own: with TCP ports, kernels that start at once may choose the same one.
        self._sockets = tempfile.TemporaryDirectory(prefix=f"rw{os.getpid()}-") if os.name == "posix" else None
        manager = _Manager(kernel_name=name, kernel_spec_manager=_OwnInterpreter())
        if self._sockets is not None:
            manager.transport = "ipc"
            manager.ip = os.path.join(self._sockets.name, "k")
            manager.connection_file = os.path.join(self._sockets.name, "kernel.json")
        super().__init__(notebook, km=manager, timeout=None, record_timing=False, store_widget_state=True)
        self._group = None
        self._forked = forked
        self._info = None
        self._task = None  # that one which was started ahead is to take: the request, and descriptors for its output
        self._printed = {}  # position of a cell → what it printed

    @property
    def language(self):
        return self.km.kernel_spec.language.lower()

    @property
    def is_python(self):
        return self.language == "python"

    async def start(self, source):
        """Starts the kernel, if it is not, and, in a Python kernel, observing."""
        if self._info is None:
            await self.launch()
        if "language_info" in self._info:
            self.nb.metadata["language_info"] = self._info["language_info"]
        observe = f"{_module('observe')}.start({source!r})"
        if self._task is not None:
            await self._take(observe)
        elif self.is_python:
            await self._silently(observe)

    async def launch(self):
        """Starts the kernel; returns when it is waiting for cells."""
        self.reset_execution_trackers()
        if self._forked is None:
            await self.async_start_new_kernel()
        elif self.km.kernel_name == OWN:
            popen, launcher.Popen = launcher.Popen, self._forked.start
            try:
                await self.async_start_new_kernel()
            finally:
                launcher.Popen = popen
        else:
            self._forked.discard()
            await self.async_start_new_kernel()
        group = getattr(self.km.provisioner, "pgid", None)
        if group is not None and group == os.getpgrp():
            # One that is started ahead has none of its own yet, and what ends it must not end this process.
            group = self.km.provisioner.pgid = None
        self._group = group
        self._info = await self._connect()

    async def _connect(self):
        """Connects to the kernel; returns what it says of itself.

        As nbclient does, but for its wait of 0.2 s for whatever else may come: the kernel's answer is complete when it
        says that it is idle again, and that it says so is heard once the connection for outputs is there.
        """
        self.kc = self.km.client()
        self.kc.start_channels()
        self.kc.allow_stdin = False
        info = None
        latest = time.monotonic() + self.startup_timeout
        while True:
            request = self.kc.kernel_info()
            try:
                while info is None or info["parent_header"].get("msg_id") != request:
                    info = await self.kc.get_shell_msg(timeout=1)
                message = None
                while message is None or message["parent_header"].get("msg_id") != request or message["content"].get("execution_state") != "idle":
                    message = await self.kc.get_iopub_msg(timeout=0.2)
                return info["content"]
            except Empty:
                if not await self.km.is_alive():
                    raise DeadKernelError("the kernel died while it started") from None
                if time.monotonic() > latest:
                    raise DeadKernelError(f"the kernel did not answer in {self.startup_timeout} seconds") from None

    async def rehearse(self):
        """Has a kernel that was started ahead execute something: the first time takes several times as long."""
        await self._silently("None")

    def is_there(self):
        """Whether a kernel that was started ahead still runs."""
        return self._forked.poll() is None

    def give(self, notebook, request, outputs):
        """Makes a kernel that was started ahead the one of a task, when it is started; closes `outputs` then."""
        self.nb = notebook
        self._task = request, outputs

    async def _take(self, observe):
        """Has the kernel become its task's, and execute `observe`."""
        (request, outputs), self._task = self._task, None
        # It reads what it is given when it executes this: a large environment does not fit into the socket.
        message = self.kc.execute(f"{_module('forked_kernel')}.take_task(); {observe}", silent=True, store_history=False, allow_stdin=False)
        try:
            self._forked.give(request, outputs)
        except OSError:
            raise DeadKernelError("the kernel died while it waited for its task") from None
        for output in outputs:
            os.close(output)
        reply = ((await self.async_wait_for_reply(message)) or {}).get("content", {})
        if reply.get("status") != "ok":
            raise DeadKernelError(f"the kernel could not take its task: {reply.get('ename')}: {reply.get('evalue')}")
        self._group = self.km.provisioner.pgid = self._forked.pid

    def discard(self):
        """Ends a kernel that was started ahead, at once."""
        self._forked.kill()
        self._forked.wait()
        self._sockets.cleanup()

    async def failed_frames(self):
        """Frames of the exception that ended a cell: file (or `cell` and its source), line, function."""
        if not self.is_python:
            return []
        reply = await self._silently("", {"frames": f"{_module('cell_frames')}.cell_frames()"})
        data = (reply or {}).get("content", {}).get("user_expressions", {}).get("frames", {}).get("data", {})
        return json.loads(ast.literal_eval(data["text/plain"])) if "text/plain" in data else []

    async def stop(self, at_once):
        """Ends the kernel: politely, so that exit handlers run, or at once and with all that its cells started."""
        if self.km is not None and self.km.has_kernel:
            if at_once and self._group and hasattr(os, "killpg"):
                try:
                    os.killpg(self._group, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.shutdown_kernel = "immediate" if at_once else "graceful"
            await self._async_cleanup_kernel()
        if self._sockets is not None:
            self._sockets.cleanup()

    def clear_output(self, outs, msg, cell_index):
        self._printed.pop(cell_index, None)
        super().clear_output(outs, msg, cell_index)

    def end_of_output(self, cell, position):
        """Gives a cell that has ended the end of what it printed, if that was too much to keep all of it."""
        from nbformat.v4 import new_output

        printed = self._printed.pop(position, None)
        for name, text in printed.end() if printed is not None else ():
            cell.outputs.append(new_output("stream", name=name, text=text))

    async def _silently(self, code, expressions=None):
        message = self.kc.execute(
            code, silent=True, store_history=False, user_expressions=expressions or {}, allow_stdin=False
        )
        return await self.async_wait_for_reply(message)

    def output(self, outs, msg, display_id, cell_index):
        content = msg["content"]
        kind = msg["msg_type"]
        if kind == "stream":
            stream = sys.stderr if content["name"] == "stderr" else sys.stdout
            stream.write(content["text"])
            stream.flush()
            kept = self._printed.setdefault(cell_index, PrintedText()).take(content["name"], content["text"])
            if not kept:
                return None
            msg = {**msg, "content": {**content, "text": kept}}
        elif kind in ("execute_result", "display_data"):
            # The text of an image is only `<Figure size 640x480 with 1 Axes>`.
            data = content["data"]
            if "text/plain" in data and not any(name.startswith("image/") for name in data):
                print(data["text/plain"], flush=True)
        return super().output(outs, msg, display_id, cell_index)


def _module(name):
    return f"__import__('_runweave.{name}', fromlist=['_'])"
