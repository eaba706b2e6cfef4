"""How a task failed: its own traceback without our frames, and the `exception` line."""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
_process = os.getpid()


class TaskError(Exception):
    """A mistake in how a task is declared, for people: one line, no traceback. `kind` is the exception's type."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def fail(error):
    """Reports a TaskError and exits."""
    write_exception({"exceptionType": error.kind, "message": str(error), "stacktrace": "", "frames": []})
    sys.stdout.flush()
    print(f"runweave: {error}", file=sys.stderr)
    sys.exit(1)


def raise_as_if_bare(error, extra=()):
    """Lets Python end as `error` makes it end, shown without the frames that stand between Python and the task.

    Raised again rather than printed and turned into an exit code, so that the order of printing, joining threads and
    exit handlers, and the signal that a KeyboardInterrupt ends with, are Python's own. `extra` are further folders
    whose leading frames are hidden.
    """
    folders = (_here, "<frozen importlib", *extra)
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(folders):
        trace = trace.tb_next
    error.__traceback__ = trace
    if isinstance(error, SystemExit):
        raise error
    record(error)
    show = sys.excepthook

    def show_task_frames(kind, value, _):
        sys.excepthook = show
        value.__traceback__ = trace
        show(kind, value, trace)

    sys.excepthook = show_task_frames
    raise error


def record(error):
    """Writes the `exception` line of an exception; a forked child's is not the task's."""
    if os.getpid() != _process:
        return
    try:
        import traceback

        message = str(error)
        write_exception(
            {
                "exceptionType": type_name(error),
                "message": message,
                "stacktrace": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
                "frames": workspace_frames(error),
            }
        )
    except Exception as problem:
        print(f"runweave: the exception was not recorded: {problem!r}", file=sys.stderr)


def type_name(error):
    kind = type(error)
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


def workspace_frames(error):
    """Frames in files of the workspace, outermost first; of a SyntaxError also the place that it names.

    An exception that other code raised (a library, a group of tasks) is followed by the frames of the one that it was
    raised from, or of the first in its group: there it went wrong.
    """
    frames = []
    seen = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        own = _frames(error)
        frames += [frame for frame in own if in_workspace(frame)]
        if own and in_workspace(own[-1]) and not hasattr(error, "exceptions"):
            break
        group = getattr(error, "exceptions", None)
        if isinstance(group, (list, tuple)) and group:
            error = group[0]
        else:
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return frames


def _frames(error):
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append({"file": code.co_filename, "line": trace.tb_lineno, "function": code.co_name})
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        frames.append({"file": error.filename, "line": error.lineno or 1, "function": "<module>"})
    return frames


def in_workspace(frame):
    """Whether a frame is in a file of the workspace, other than of a package that is installed there."""
    workspace = os.environ.get("RUNWEAVE_WORKSPACE", "")
    roots = tuple(root + os.sep for root in (workspace, os.path.realpath(workspace)) if workspace)
    return frame["file"].startswith(roots) and f"{os.sep}site-packages{os.sep}" not in frame["file"]


class LoggedPictures:
    """Whether a picture was logged, by whichever process of the task, since this was made."""

    def __init__(self):
        self._start = self._size()

    def any(self):
        if self._size() == self._start:
            return False
        with open(os.environ["RUNWEAVE_LOG"], "rb") as file:
            file.seek(self._start)
            return any(b'"artifact"' in line and b'"mediaType":"image/' in line for line in file)

    @staticmethod
    def _size():
        try:
            return os.path.getsize(os.environ["RUNWEAVE_LOG"])
        except (KeyError, OSError):
            return 0


def write_exception(line):
    """Writes an `exception` line."""
    from runweave import _log

    _log.write([{"type": "exception", **line}])
