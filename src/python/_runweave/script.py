"""`python script.py`, with an observer."""

import builtins
import os
import sys

from . import observe
from .report import raise_as_if_bare

_own_main = None


def run_script(path, arguments):
    """Runs a script as Python itself would: `__main__`, `sys.argv`, `sys.path`, traceback and exit are the same."""
    global _own_main
    path = os.path.abspath(path)
    sys.argv[:] = [path, *arguments]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    loader = type(sys.modules["__main__"].__loader__)("__main__", path)
    main = type(sys)("__main__")
    main.__dict__.update(__file__=path, __cached__=None, __loader__=loader, __builtins__=builtins)
    if sys.version_info < (3, 14):
        main.__dict__["__annotations__"] = {}
    # Python still runs our own __main__: were it freed, its globals would be emptied under our feet.
    _own_main = sys.modules["__main__"]
    sys.modules["__main__"] = main
    try:
        source = loader.get_data(path)
    except OSError as error:
        print(f"{sys.executable}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        sys.exit(2)
    observe.begin()
    try:
        exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)
    except BaseException as error:
        raise_as_if_bare(error)
