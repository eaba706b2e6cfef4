"""Chooses how to run the task. `warm` is no task: it waits for tasks, and goes on as one in each of its forks."""

import sys

from . import observe


def main() -> None:
    """Runs what `sys.argv` asks for, in this process. Returns, or raises as the task does."""
    is_forked = sys.argv[1:2] == ["warm"]
    if is_forked:
        visible = frozenset(sys.modules)
        from . import preload

        preload.load(f"{__package__}.warm")
        from .warm import serve

        waiting = serve(visible)
        if waiting is not None:
            from .notebook import run_notebook_later

            run_notebook_later(waiting)
    if len(sys.argv) < 3:
        sys.exit("usage: runweave_task.py script|call|notebook SOURCE [ARGUMENTS]")
    kind, source = sys.argv[1:3]
    if kind == "script":
        observe.start()
        from .script import run_script

        run_script(source, sys.argv[3:])
    elif kind == "call":
        observe.start()
        from .call import run_call

        run_call(source, *sys.argv[3:4])
    elif kind == "notebook":
        from .notebook import run_notebook

        run_notebook(source, is_forked)
    else:
        sys.exit(f"runweave_task.py: no such kind of task: {kind}")
