"""What a module does when it is imported that a fork of this process, or a task that does not import it, must not have."""

import _signal
import _thread
import builtins
import contextlib
import gc
import os
import sys

from . import preload
from .import_reads import ImportReads
from .surroundings import given_environment
from .watched_files import installed_folders

# The descriptor on which the executor is heard and told.
CONTROL = 3
# Not known to survive a fork, or made for the environment of one task: see the decision record.
DENIED = {
    "cupy", "grpc", "jax", "jaxlib", "mlflow", "opentelemetry", "polars", "pyarrow", "ray", "tensorflow", "torch",
}  # fmt: skip


# What tasks that import another module alone would notice.
CHANGING = {"ml_dtypes": "adds types to NumPy"}


def problem_at_start():
    """What start-up files (`sitecustomize`, `.pth`) did that no fork can have, or None."""
    if len(os.listdir("/proc/self/task")) > 1:
        return "leave threads running"
    # What was inherited (from a terminal, an editor) is as it would be in a fresh process; what Python opens is not
    # inheritable (PEP 446).
    if not {int(fd) for fd in _open_files() if not os.get_inheritable(int(fd))} <= {CONTROL}:
        return "leave files open"
    if _has_children():
        return "leave processes running"
    if sys.gettrace() or sys.getprofile():
        return "have Python traced"
    for module in list(sys.modules.values()):
        origin = preload.origin_of(module)
        if origin is not None and not origin.startswith(own_folders()):
            return f"import {origin}, which is not installed"
    variables = given_environment()
    changed = [name for name in {*variables, *os.environ} if variables.get(name) != os.environ.get(name)]
    if changed:
        return f"change the environment variable {min(changed)}"
    return None


class Guard:
    """Imports modules, and tells when one does what a fork, or a task that does not import it, must not inherit."""

    def __init__(self, workspace, per_attempt):
        """See `ImportReads`."""
        self._roots = own_folders()
        self.reads = ImportReads(self._roots, workspace, per_attempt)
        self._known = set(sys.modules)
        # The scan for new objects is only over those since the last.
        gc.freeze()
        # What is printed now would be missing from the task's output.
        self._printed = os.memfd_create("printed")
        self._streams = [os.dup(1), os.dup(2)]
        os.dup2(self._printed, 1)
        os.dup2(self._printed, 2)
        self._before = self._state()

    def load(self, name):
        """Imports a module; returns why it must not be here, if it must not."""
        if name.partition(".")[0] in DENIED:
            return "is not known to survive a fork"
        # Nobody can debug a kernel that nobody else knows of, and the debugger changes `builtins` and prints.
        hidden = {} if "debugpy" in sys.modules or name != "ipykernel.debugger" else {"debugpy": None}
        sys.modules.update(hidden)
        try:
            with _kernel_questions() as asked:
                preload.load(name, self.reads)
        finally:
            for each in hidden:
                sys.modules.pop(each, None)
        return "asks whether it is in a notebook when it is imported" if asked else self.what_changed()

    def what_changed(self):
        new = [each for each in sys.modules if each not in self._known]
        self._known.update(new)
        for each in new:
            if each in CHANGING:
                return CHANGING[each]
            if each.partition(".")[0] in DENIED:
                return f"imports {each}, which is not known to survive a fork"
            origin = preload.origin_of(sys.modules[each])
            if origin is not None and not origin.startswith(self._roots):
                return f"imports {origin}, which is not installed"
        written = self.reads.written()
        if written is not None:
            return f"writes {written}"
        variable = self.reads.variable()
        if variable is not None:
            return f"asks for {variable} when it is imported"
        if len(os.listdir("/proc/self/task")) > 1:
            # OpenBLAS starts its threads when numpy is imported, and ends them before a fork.
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            if len(os.listdir("/proc/self/task")) > 1:
                return "leaves threads running"
        for what, value in self._state().items():
            if value != self._before.setdefault(what, value):
                return f"changes {what}"
        return _own_random_numbers()

    def _state(self):
        import _locale
        import _socket
        import faulthandler
        import resource

        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.umask(umask := os.umask(0))
        return {
            "the output by printing": os.fstat(self._printed).st_size,
            "the open files": _open_files(),
            "the child processes": _has_children(),
            "signal handlers": [_signal.getsignal(each) for each in _signal.valid_signals()],
            "the locale": _locale.setlocale(_locale.LC_ALL, None),
            "the working directory": os.getcwd(),
            "the umask": umask,
            "the processors that it may use": os.sched_getaffinity(0),
            "sys.path": list(sys.path),
            "hooks of sys": [getattr(sys, hook) for hook in ("excepthook", "displayhook", "unraisablehook", "breakpointhook")],
            "the standard streams": [id(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
            "the recursion limit": sys.getrecursionlimit(),
            "the interval at which threads take turns": sys.getswitchinterval(),
            "the garbage collector": (gc.isenabled(), gc.get_threshold()),
            # pybind11 keeps there what its modules share.
            "builtins": {name: id(value) for name, value in vars(builtins).items() if name != "_" and not name.startswith("__pybind11_internals_")},
            "what is traced": (sys.gettrace(), sys.getprofile()),
            "the limits of the process": [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")],
            "the priority of the process": os.getpriority(os.PRIO_PROCESS, 0),
            "the timeout of sockets": _socket.getdefaulttimeout(),
            "the fault handler": faulthandler.is_enabled(),
            "the longest number in a text": getattr(sys, "get_int_max_str_digits", int)(),
            **_settings_of_modules(),
        }

    def end(self):
        self.reads.close()
        for stream, copy in enumerate(self._streams, 1):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(self._printed)


def own_folders():
    """Of what is installed, and of this helper; each ends in a separator."""
    return tuple(os.path.join(folder, "") for folder in [*installed_folders(), sys.path[0]])


def _open_files():
    return sorted(fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}"))


def _has_children():
    try:
        os.waitpid(-1, os.WNOHANG)
        return True
    except ChildProcessError:
        return False


def _settings_of_modules():
    """Those that a task has without importing what changes them; of a module that is not there yet, those that it comes with."""
    logging, numpy, matplotlib = map(sys.modules.get, ("logging", "numpy", "matplotlib"))
    settings = {
        "the settings of logging": [30, [], 0, True],
        "the settings of Matplotlib": [],
        "how warnings are shown": _is_replaced("warnings", "showwarning", getattr(sys.modules.get("warnings"), "_showwarning_orig", None)),
        "the exception hook of threads": _is_replaced("threading", "excepthook", _thread._excepthook),
        "how processes are started by multiprocessing": False,
        "the decimal context": False,
    }
    context = getattr(sys.modules.get("multiprocessing.context"), "_default_context", None)
    if context is not None:
        settings["how processes are started by multiprocessing"] = context._actual_context not in (None, context._default_context)
    decimal = sys.modules.get("decimal")
    if hasattr(decimal, "getcontext"):
        settings["the decimal context"] = not all(map(_is_usual, (decimal.getcontext(), decimal.DefaultContext)))
    if hasattr(logging, "root"):
        settings["the settings of logging"] = [logging.root.level, logging.root.handlers[:], logging.root.manager.disable, logging.raiseExceptions]
    if hasattr(numpy, "get_printoptions"):
        settings["the settings of NumPy"] = [numpy.geterr(), numpy.get_printoptions()]
    if hasattr(matplotlib, "rcParamsOrig"):
        # Past its own methods: whoever asks it for the backend has one chosen, which is the task's to do.
        original, now = (dict(dict.items(each)) for each in (matplotlib.rcParamsOrig, matplotlib.rcParams))
        settings["the settings of Matplotlib"] = [name for name in now if name != "backend" and now[name] != original.get(name)]
    return settings


def _is_replaced(module, name, value):
    return getattr(sys.modules.get(module), name, value) is not value


def _is_usual(context):
    """https://docs.python.org/3/library/decimal.html#decimal.DefaultContext"""
    traps = sorted(signal.__name__ for signal, is_trapped in context.traps.items() if is_trapped)
    numbers = (context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp)
    return numbers == (28, "ROUND_HALF_EVEN", -999999, 999999, 1, 0) and traps == ["DivisionByZero", "InvalidOperation", "Overflow"]


def _own_random_numbers():
    """Why each fork would have the same random numbers: a generator that was made since this was asked last."""
    random, numpy, tempfile = map(sys.modules.get, ("random", "numpy.random", "tempfile"))
    kinds, known = [], []
    # Those that all use are seeded anew in each fork, see `preload`; those of `tempfile` see to it themselves.
    if hasattr(random, "_inst"):
        kinds += [random.Random]
        known += [random._inst]
    if hasattr(numpy, "RandomState"):
        kinds += [numpy.RandomState, numpy.BitGenerator]
        known += [numpy.mtrand._rand, numpy.mtrand._rand._bit_generator]
    new = gc.get_objects()
    gc.freeze()
    names = getattr(tempfile, "_RandomNameSequence", ())
    # By their types: `isinstance` asks objects that stand for others, which may then load these.
    known += [getattr(each, "_rng", None) for each in new if issubclass(type(each), names)]
    found = [each for each in new if issubclass(type(each), tuple(kinds)) and not issubclass(type(each), random.SystemRandom)]
    if any(all(each is not other for other in known) for each in found):
        return "makes a random number generator, which would be the same in each task"
    return None


@contextlib.contextmanager
def _kernel_questions():
    """A list that is not empty if there was a look for IPython's shell: there is none yet."""
    asked = []
    shell = getattr(sys.modules.get("IPython.core.interactiveshell"), "InteractiveShell", None)

    def initialized(*_):
        asked.append(True)
        return False

    def get_ipython():
        asked.append(True)
        raise NameError("name 'get_ipython' is not defined")

    if shell is None:
        yield asked
        return
    # What a module finds in a cell: https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.getipython.html
    builtins.get_ipython, shell.initialized = get_ipython, classmethod(initialized)
    try:
        yield asked
    finally:
        del builtins.get_ipython, shell.initialized
