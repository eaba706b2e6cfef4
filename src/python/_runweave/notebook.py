"""A task that is a notebook.

    read, inject parameters ─→ start kernel ─→ each cell ─→ stop kernel ─→ write the notebook
                                    │              │ a cell fails: its traceback, then on as after the last cell
                                    └──────────────┴ SIGTERM, SIGINT: stop the kernel at once, write the notebook

The evaluated notebook is recorded whichever way the task ends, short of SIGKILL.
"""

import asyncio
import base64
import contextlib
import os
import re
import signal
import sys
import time

from .report import TaskError, fail, in_workspace, write_exception

_ansi = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_images = {"image/png": "png", "image/jpeg": "jpg"}


def run_notebook(path, is_forked=False):
    """Runs the notebook in the kernel of its metadata, in the current directory; exits 1 if a cell fails."""
    path = os.path.abspath(path)
    forked = None
    if is_forked and not _lacks_kernel():
        from . import forked_kernel

        forked = forked_kernel.fork()
    try:
        notebook, name = _load(path)
    except TaskError as error:
        fail(error)
    from .kernel import Kernel

    sys.exit(asyncio.run(_Run(path, notebook, Kernel(notebook, name, forked)).run()))


def run_notebook_later(waiting):
    """Starts a kernel, waits for the notebook, and runs it as `run_notebook` does. Returns if no kernel may be started."""
    from . import forked_kernel

    if _lacks_kernel() or forked_kernel.runs_files():
        waiting.become()
        return
    forked = forked_kernel.fork(waiting)
    sys.exit(asyncio.run(_run_later(waiting, forked)))


def _lacks_kernel():
    """Whether no kernel can be started; `_load` says what is missing."""
    from .notebook_file import missing_packages

    return bool(missing_packages(".ipynb", True))


async def _run_later(waiting, forked):
    from nbformat.v4 import new_notebook

    from . import forked_kernel
    from .kernel import OWN, Kernel
    from .warm import take_command

    ahead = Kernel(new_notebook(), OWN, forked)
    try:
        await ahead.launch()
        await ahead.rehearse()
    except Exception:
        # The notebook gets another, of which it is told what is wrong, if that is so again.
        ahead.discard()
    with contextlib.suppress(Exception):
        _rehearse()
    try:
        # Nothing else is to be done meanwhile.
        request, outputs = waiting.receive()
    except EOFError:
        ahead.discard()
        os._exit(0)
    waiting.surroundings.take_later(request, [os.dup(output) for output in outputs])
    take_command(request)
    from runweave import _log

    # It read the environment when it was imported.
    _log.path = os.environ.get("RUNWEAVE_LOG") or None
    path = os.path.abspath(sys.argv[2])
    try:
        notebook, name = _load(path)
    except TaskError as error:
        ahead.discard()
        fail(error)
    if name == OWN and ahead.is_there() and not forked_kernel.runs_files():
        ahead.give(notebook, request, outputs)
        kernel = ahead
    else:
        ahead.discard()
        for output in outputs:
            os.close(output)
        kernel = Kernel(notebook, name)
    return await _Run(path, notebook, kernel).run()


def _rehearse():
    """Does once, and imports, what any notebook needs: the first time takes several times as long."""
    import runweave  # noqa: F401

    from . import cell_outputs, notebook_file, parameters  # noqa: F401

    if not notebook_file.missing_packages(".py", False):
        import jupytext

        jupytext.reads("# %%\n0\n", fmt=notebook_file.PERCENT)


def _load(path):
    from . import notebook_file

    # First those that reading the notebook needs; if one is missing, all that it will need are named at once.
    missing = notebook_file.missing_packages(path, False) and notebook_file.missing_packages(path, True)
    if not missing:
        import runweave

        from .kernel import OWN, kernel_name, language_of

        try:
            notebook = notebook_file.read_notebook(path)
            name = kernel_name(notebook)
        except (OSError, ValueError) as error:
            raise TaskError(type(error).__name__, f"notebook {notebook_file.relative(path)}: {error}") from None
        language = language_of(name)
        parameters = {key: _parameter(key, language) for key in runweave.params}
        notebook_file.inject_parameters(notebook, parameters, language)
        missing = notebook_file.missing_packages(path, name == OWN)
    if missing:
        raise TaskError(
            "ModuleNotFoundError",
            f"a notebook task needs {', '.join(missing)}; install with: "
            f"{sys.executable} -m pip install {' '.join(missing)}",
        )
    return notebook, name


def _parameter(name, language):
    """The value; where it is an object that another task returned, what reads it in the notebook's own process."""
    import runweave

    from .parameters import Expression

    if language == "python" and runweave.params._objects_in(name):
        return Expression(f"__import__('runweave').params[{name!r}]")
    return runweave.params._load()[name]


class _Run:
    def __init__(self, path, notebook, kernel):
        self.path = path
        self.notebook = notebook
        self.kernel = kernel
        self.signal = None

    async def run(self):
        """Runs everything; returns the exit code."""
        task = asyncio.ensure_future(self._cells())
        self._on_signals(task)
        code = 1
        try:
            code = await task
        except (asyncio.CancelledError, Exception) as error:
            # nbclient turns a cancelled wait into its DeadKernelError.
            if self.signal is None:
                self._record_failure(type(error).__name__, str(error) or type(error).__name__, "", [])
        finally:
            await self.kernel.stop(at_once=self.signal is not None)
            self._record_notebook()
        return code if self.signal is None else 128 + self.signal

    def _on_signals(self, task):
        def stop(number):
            if self.signal is None:
                self.signal = number
                task.cancel()

        for name in ("SIGTERM", "SIGINT"):
            number = getattr(signal, name)
            try:
                asyncio.get_running_loop().add_signal_handler(number, stop, number)
            except NotImplementedError:  # Windows, where a task is ended without being asked
                pass

    async def _cells(self):
        from nbclient.exceptions import CellExecutionError

        from .cell_outputs import for_view, source_for_view
        from .notebook_file import add_tag, label
        from .report import LoggedPictures

        await self.kernel.start(self.path)
        cells = [(i, c) for i, c in enumerate(self.notebook.cells) if c.cell_type == "code" and c.source.strip()]
        code = None
        for number, (position, cell) in enumerate(cells, 1):
            print(f"[{number}/{len(cells)}] {label(cell.source)}", flush=True)
            event = {"type": "cell", "index": number, "label": label(cell.source), "start": str(time.time_ns())}
            self._log([{**event, "status": "running"}])
            logged = LoggedPictures()
            status = "failure"
            try:
                await self.kernel.async_execute_cell(cell, position, execution_count=number)
                status = "success"
            except CellExecutionError as error:
                if error.ename == "SystemExit" and error.evalue in ("", "0", "None"):
                    status, code = "success", 0  # a cell may end the notebook, as it may a script
                else:
                    code = 1
                    add_tag(cell, "failed")
                    await self._cell_failed(cell, error)
            except BaseException:
                add_tag(cell, "failed")
                raise
            finally:
                self.kernel.end_of_output(cell, position)
                shown = {"source": source_for_view(cell.source), "outputs": for_view(cell.outputs)}
                # What was shown and logged is one artifact, with the name that the task gave it.
                pictures = [] if logged.any() else self._images_of(cell, number, event["start"])
                self._log([{**event, "status": status, "end": str(time.time_ns()), **shown}, *pictures])
            if code is not None:
                break
        return code or 0

    async def _cell_failed(self, cell, error):
        from .notebook_file import line_of_cell

        outputs = [output for output in cell.outputs if output.output_type == "error"]
        trace = "\n".join(outputs[-1].traceback) if outputs else str(error)
        frames = []
        # The outermost frame is of the cell itself; others may be of functions of cells before it.
        number = next((number for number, each in self._numbered() if each is cell), None)
        for frame in await self.kernel.failed_frames():
            source = frame.pop("cell", None)
            if source is not None:
                start = line_of_cell(self.path, source)
                if number is None:
                    number = next((number for number, each in self._numbered() if each.source.strip() == source.strip()), None)
                if start is not None:
                    frame.update(file=self.path, line=start + frame["line"] - 1)
                elif self.path.endswith(".ipynb") and number is not None:
                    # A line of the file says nothing, one of the cell does.
                    where = "" if frame["function"] == "<module>" else f"{frame['function']} of "
                    frame.update(file=self.path, function=f"{where}code cell {number}")
                number = None
                if "file" not in frame:
                    continue
            frames.append(frame)
        self._record_failure(error.ename, error.evalue, _ansi.sub("", trace), [f for f in frames if in_workspace(f)])

    def _numbered(self):
        """Code cells of the file with their numbers, from 1; not the one with the parameters."""
        own = [cell for cell in self.notebook.cells if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])]
        return enumerate(own, 1)

    def _record_failure(self, kind, message, stacktrace, frames):
        message = _ansi.sub("", message)
        print(stacktrace or f"runweave: notebook: {message}", file=sys.stderr, flush=True)
        write_exception({"exceptionType": kind, "message": message, "stacktrace": stacktrace, "frames": frames})

    def _images_of(self, cell, number, start):
        lines = []
        for output in cell.get("outputs", []):
            for kind, ending in _images.items():
                data = output.get("data", {}).get(kind)
                if data:
                    name = f"cell-{number:02d}-{len(lines) + 1}.{ending}"
                    # The executor leaves it out if the cell logged pictures in a way that only it knows: with MLflow.
                    lines += [{**line, "shownSince": start} for line in self._artifact(name, base64.b64decode(data))]
                    break
        return lines

    def _record_notebook(self):
        import nbformat

        if getattr(self.kernel, "widget_state", None):
            self.kernel.set_widgets_metadata()
        stem = os.path.splitext(os.path.basename(self.path))[0]
        self._log(self._artifact(f"{stem}.ipynb", nbformat.writes(self.notebook).encode("utf-8", "surrogatepass")))

    def _artifact(self, name, content):
        from runweave import _artifacts, _log

        return [_artifacts.store(name, content)] if _log.path else []

    def _log(self, lines):
        from runweave import _log

        _log.write(lines)
