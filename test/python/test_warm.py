"""A task that is forked from a warm process can't tell the difference to a fresh one."""

import fcntl
import os
import select
import shutil
import signal
import sys
import venv

from task_workspace import BOOTSTRAP, TaskTest
from warm_process import WarmTest, until_stopped

INSTALLED = ["numpy", "sklearn.svm", "logging", "multiprocessing.pool", "tempfile", "uuid", "unittest", "asyncio"]


class AsFreshWithoutPackages(WarmTest):
    """Where nothing has imported modules before the helper, as `.pth` files of installed packages do."""

    def setUp(self):
        super().setUp()
        venv.create(self.path(".venv"), with_pip=False, symlinks=True)
        self.interpreter = self.path(".venv/bin/python")

    def test_modules_have_what_they_have_when_they_are_imported(self):
        names = ["importlib", "importlib.util", "warnings", "collections", "concurrent.futures", "multiprocessing.pool", "asyncio"]
        process = self.ready([*names, "logging.config"])
        for name in names:
            with self.subTest(name):
                result = self.both(
                    process,
                    f"""
                    import os, sys
                    import {name}
                    # `importlib` gives those that Python starts with other names, and has done so in the warm process.
                    frozen = ["_frozen_importlib", "_frozen_importlib_external", "importlib._bootstrap", "importlib._bootstrap_external"]
                    def show():
                        print({{name: sorted(vars(module)) for name, module in sorted(sys.modules.items()) if name not in frozen}}, flush=True)
                    show()
                    import importlib
                    if os.fork() == 0:
                        importlib.import_module("logging.config")
                        show()
                        os._exit(0)
                    os.wait()
                    """,
                )
                self.assertEqual((result.returncode, result.stderr), (0, ""))


    def test_a_notebook_says_what_it_needs(self):
        warm = self.warm([], notebooks=True)
        path = self.write("n.py", "# %%\n1\n")
        fresh = self.task("notebook", path)
        self.assertIn("pip install nbclient nbformat jupytext ipykernel", fresh.stderr)
        for is_ahead in (False, True):
            if is_ahead:
                warm.ahead()
            forked = self.forked(warm, "notebook", path)
            self.assertEqual((forked.returncode, forked.stdout, forked.stderr), (1, fresh.stdout, fresh.stderr))


class AsFresh(WarmTest):
    def setUp(self):
        super().setUp()
        self.process = self.ready(INSTALLED)

    def test_surroundings(self):
        result = self.both(
            self.process,
            '''
            """Docs."""
            import sys
            before = sorted(sys.modules)
            import gc, locale, os, resource, signal, threading, warnings
            print(before)
            print(sys.argv, getattr(sys, "orig_argv", None), sys.path, sys.flags, sys.executable, sys._xoptions)
            print(sorted(globals()), __name__, __file__, __doc__, __spec__, type(__loader__).__name__)
            print(sorted(os.environ.items()), os.getcwd())
            print({str(each): str(signal.getsignal(each)) for each in signal.valid_signals()}, signal.pthread_sigmask(0, []))
            print([resource.getrlimit(each) for each in range(12)], os.umask(0), os.nice(0))
            print(sorted(os.listdir("/proc/self/fd")), repr(sys.stdin.read()), os.path.realpath("/proc/self/fd/0"))
            for stream in (sys.stdin, sys.stdout, sys.stderr):
                print(stream.encoding, stream.errors, stream.line_buffering, stream.isatty(), stream.fileno(), stream.name)
                print(getattr(stream, "write_through", None), type(stream.buffer).__name__)
            print(threading.active_count(), threading.current_thread().name, threading.main_thread().native_id == threading.get_native_id())
            print(warnings.filters, locale.setlocale(locale.LC_ALL), gc.isenabled(), sys.getrecursionlimit())
            print(sys.excepthook, sys.displayhook, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime)
            print(open("/proc/self/cmdline").read().rstrip("\\0").split("\\0"), open("/proc/self/comm").read())
            ''',
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_modules_are_there_when_they_are_imported(self):
        result = self.both(
            self.process,
            """
            import sys
            import sklearn.svm
            print(sorted(sys.modules))
            from logging import handlers
            import multiprocessing.pool, os, warnings
            print(sorted(sys.modules), warnings.filters[:3], os.environ.get("KMP_INIT_AT_FORK"))
            print(sys.modules["numpy"].__spec__.origin, sys.modules["sklearn.svm"].__loader__.__class__.__name__)
            import importlib, json
            print(importlib.reload(json).dumps([1]), hasattr(sys.modules["sklearn"], "linear_model"))
            del sys.modules["colorsys" if "colorsys" in sys.modules else "json"]
            import json as again
            print(again is json)
            try:
                import no_such_module
            except ModuleNotFoundError as error:
                print(error)
            """,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_where_a_module_would_be_found(self):
        result = self.both(
            self.process,
            """
            import importlib.util, sys
            for name in ("numpy", "logging", "json", "uuid", "colorsys", "no_such_module"):
                spec = importlib.util.find_spec(name)
                print(name, spec and (spec.name, spec.origin, type(spec.loader).__name__, spec.cached, spec.has_location, spec.submodule_search_locations, spec.parent))
            print("numpy" in sys.modules)
            import runpy
            runpy.run_module("uuid", run_name="not main")
            print("uuid" in sys.modules)
            import logging, numpy
            for module in (logging, numpy, numpy.linalg):
                spec = module.__spec__
                print(spec.name, spec.origin, module.__loader__ is spec.loader, type(spec.loader).__name__, spec.cached, spec.loader_state, spec.parent, module.__package__)
            print(importlib.util.find_spec("logging.handlers").origin, "logging.handlers" in sys.modules)
            """,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_package_has_the_attributes_of_what_was_imported(self):
        self.both(self.process, "import concurrent\nprint(hasattr(concurrent, 'futures'))\nimport xml\nxml.dom\n")

    def test_no_warning_of_a_fork_itself(self):
        env = {**self.env(), "PYTHONWARNINGS": "default"}
        self.env = lambda *_: env
        self.assertEqual(self.both(self.ready(["json"]), "import json, gc; gc.collect()").stderr, "")

    def test_where_the_encoding_of_the_locale_is_ascii(self):
        env = {**self.env(), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "X": "é"}
        self.env = lambda *_: env
        self.both(self.ready(["json"]), "import os, sys\nprint(ascii([os.environ['X'], sys.argv, os.environb[b'X']]), sys.getfilesystemencoding())", "tasks/café.py")

    def test_where_python_chooses_a_locale(self):
        env = {name: value for name, value in self.env().items() if name != "LANG" and not name.startswith("LC_")}
        self.env = lambda *_: env
        self.assertIn("UTF-8", self.both(self.ready(["json"]), "import os\nprint(os.environ['LC_CTYPE'])").stdout)

    def test_how_it_ends(self):
        for end in (
            "sys.exit(3)",
            "sys.exit('a message')",
            "os._exit(5)",
            "raise ValueError('no') from KeyError('k')",
            "raise KeyboardInterrupt",
            "os.abort()",
            "os.kill(os.getpid(), signal.SIGKILL)",
            "os.kill(os.getpid(), signal.SIGTERM)",
            "signal.raise_signal(signal.SIGINT)",
            "sys.stdout.write('unfinished')",
            "atexit.register(print, 'at exit')",
            "threading.Thread(target=lambda: print('in a thread')).start()",
            "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); signal.raise_signal(signal.SIGSEGV)",
            "os.close(1); os.close(2)",
        ):
            with self.subTest(end):
                self.both(self.process, f"import atexit, os, signal, sys, threading\nprint('out')\nprint('err', file=sys.stderr)\n{end}\n")

    def test_a_syntax_error_and_a_missing_script(self):
        self.both(self.process, "print(1)\ndef f(:\n")
        gone = self.path("gone.py")
        self.assertEqual(self.forked(self.process, "script", gone).stderr, self.task("script", gone).stderr)

    def test_processes_of_its_own(self):
        result = self.both(
            self.process,
            """
            import multiprocessing, os, pickle, subprocess, sys
            class Thing:
                def __eq__(self, other):
                    return type(self) is type(other)
            def work(number):
                return number * number, Thing(), __name__
            if __name__ == "__main__":
                print(pickle.loads(pickle.dumps(Thing())) == Thing(), Thing.__module__)
                for method in ("fork", "spawn", "forkserver"):
                    with multiprocessing.get_context(method).Pool(2) as pool:
                        results = pool.map(work, range(4))
                    print(method, [(number, thing == Thing(), name) for number, thing, name in results], flush=True)
                program = "import sys, os; print(sys.argv, sys.path[0], len(sys.modules) < 100, os.environ['RUNWEAVE_TASK'])"
                print(subprocess.run([sys.executable, "-c", program, "a"], capture_output=True, text=True, check=True).stdout)
                print(subprocess.run("exit 7", shell=True).returncode)
                if os.fork() == 0:
                    os._exit(3)
                print(os.wait()[1], flush=True)
            """,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_warnings_and_logging(self):
        self.both(
            self.process,
            """
            import warnings
            warnings.warn("before", UserWarning)
            warnings.simplefilter("ignore")
            import sklearn
            warnings.warn("after", DeprecationWarning)
            import logging
            logging.warning("shown")
            logging.basicConfig(format="%(levelname)s %(message)s %(processName)s %(threadName)s", force=True)
            logging.error("formatted")
            print(logging.LogRecord("a", 1, "", 1, "", (), None).relativeCreated < 60_000)
            """,
        )

    def test_what_is_observed(self):
        self.write("tasks/beside.py", "import numpy")
        self.write("in.txt", "")
        script = "import beside, json, os\nfrom logging import handlers\nopen('in.txt').close()\nopen('out.txt', 'w').close()\n"
        path = self.write("tasks/script.py", script)
        self.task("script", path)
        fresh = self.seen()
        os.remove(self.path("out.txt"))
        self.forked(self.process, "script", path)
        self.assertEqual(self.seen(), fresh)
        self.assertEqual(fresh["roots"], ["numpy", "json", "logging", "logging.handlers"])
        self.assertIn("numpy", next(iter(fresh["imported"].values())))
        self.assertIn("json", fresh["lookups"][self.path("tasks")])

    def test_nothing_random_comes_twice(self):
        path = self.write(
            "tasks/script.py",
            """
            import multiprocessing, os, random, secrets, tempfile, uuid
            import numpy
            print(random.random(), numpy.random.rand(), secrets.token_hex(), uuid.uuid4(), uuid.uuid1())
            print(tempfile.mktemp(), multiprocessing.current_process().authkey.hex())
            """,
        )
        first, second = (self.forked(self.process, "script", path).stdout.split() for _ in range(2))
        self.assertEqual(len(first), 7)
        self.assertEqual([value for value in first if value in second], [])

    def test_numpy_computes_with_threads(self):
        self.both(
            self.process,
            """
            import numpy
            from sklearn.cluster import KMeans
            a = numpy.ones((400, 400))
            print((a @ a).sum(), KMeans(2, n_init=1, random_state=0).fit(a[:, :2] * [[i % 2] for i in range(400)]).inertia_)
            """,
        )

    def test_the_standard_streams_are_opened_by_their_names(self):
        self.both(
            self.process,
            """
            import os, stat, subprocess
            for name in ("/dev/stdout", "/proc/self/fd/1", "/dev/fd/1", "/dev/stderr", "/proc/self/fd/2"):
                with open(name, "w") as file:
                    print(name, file=file)
            subprocess.run("echo from a shell >/dev/stderr", shell=True, check=True)
            print([stat.S_ISFIFO(os.fstat(stream).st_mode) for stream in (1, 2)], os.listdir("/proc/self/fd"))
            """,
        )

    def test_a_folder_that_was_changed_before_an_import(self):
        self.both(self.process, "import os\nos.chdir('tasks')\nimport multiprocessing.process\nprint(multiprocessing.process.ORIGINAL_DIR)\n")

    def test_a_call(self):
        self.write("functions.py", "import numpy\n\ndef f():\n    print(numpy.zeros(2), __name__)\n    return {'a': 1}\n\ndef g():\n    return 1 / 0\n")
        for target in ("functions:f", "functions:g", "functions:h", "nowhere:f"):
            fresh = self.task("call", target)
            forked = self.forked(self.process, "call", target)
            self.assertEqual((forked.returncode, forked.stdout, forked.stderr), (fresh.returncode, fresh.stdout, fresh.stderr))

    def test_tasks_at_the_same_time(self):
        path = self.write("tasks/script.py", "import os, sys\nprint(os.environ['WHO'], flush=True)\nos.kill(os.getpid(), 19)\nprint('on')\nsys.exit(int(os.environ['WHO']))\n")
        command = [sys.executable, BOOTSTRAP, "script", path]
        started = [self.process.start(command, self.folder, {**self.env(), "WHO": str(who)}) for who in (1, 2)]
        for who, (_, streams) in enumerate(started, 1):
            self.assertEqual(streams[1].read(100), b"%d\n" % who)
        for who, (answer, streams) in reversed(list(enumerate(started, 1))):
            until_stopped(answer["pid"])
            os.kill(answer["pid"], signal.SIGCONT)
            self.assertEqual(self.process.receive(), {"type": "ended", "id": who, "code": who})
            self.assertEqual(streams[1].read(100), b"on\n")

    def test_what_it_leaves_behind_is_found_by_its_environment(self):
        path = self.write("tasks/script.py", "import os\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n    os.kill(os.getpid(), 19)\n")
        _, streams = self.process.start([sys.executable, BOOTSTRAP, "script", path], self.folder, self.env())
        pid = int(streams[1].read(100))
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
            self.assertIn(b"RUNWEAVE_TASK=task", variables)
            self.assertIn(b"RUNWEAVE_RUN_ID=20261120T224011Z-test-3f2a", variables)
        finally:
            os.kill(pid, signal.SIGKILL)

    def test_the_end_of_the_executor_ends_the_tasks(self):
        # With what left the task's group: it holds the other end.
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        path = self.write("tasks/script.py", f"""
            import os, subprocess
            subprocess.Popen(["sh", "-c", "echo on; exec sleep 1000"], stdout=open({fifo!r}, "w"), start_new_session=True)
            print("on", flush=True)
            os.kill(os.getpid(), 19)
            """)
        left = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, left)
        answer, streams = self.process.start([sys.executable, BOOTSTRAP, "script", path], self.folder, self.env())
        self.assertEqual(streams[1].read(100), b"on\n")
        os.set_blocking(left, True)
        self.assertEqual(os.read(left, 100), b"on\n")
        output = os.fdopen(os.dup(streams[1].fileno()), "rb", buffering=0)
        self.process.close()
        with output:
            self.assertEqual(output.read(100), b"")
        self.assertTrue(select.select([left], [], [], 60)[0], "it goes on")
        self.assertEqual(os.read(left, 100), b"")
        self.assertEqual(self.process.process.returncode, 0)


class Threads(WarmTest):
    """Threads of a task that import at the same time."""

    def test_one_that_is_held_up_anywhere_in_an_import_gets_the_same_modules(self):
        for name, text in {
            "outer/__init__.py": "import shared, shared.part, warnings\nwarnings.simplefilter('ignore')\nDONE = True",
            "shared/__init__.py": "import os\nos.environ['SHARED'] = 'yes'\nVALUE = object()",
            "shared/part.py": "from . import VALUE",
        }.items():
            self.write(f"site-packages/{name}", text)
        env = {**TaskTest.env(self), "PYTHONPATH": f"{TaskTest.env(self)['PYTHONPATH']}{os.pathsep}{self.path('site-packages')}"}
        self.env = lambda *_: env
        warm = self.ready(["outer"])
        path = self.write(
            "tasks/script.py",
            """
            import _imp, importlib, os, sys, threading, traceback, warnings
            before = len(warnings.filters)

            def check(held, other, steps):
                held_up, over = threading.Event(), threading.Event()
                left = steps

                def trace(frame, event, argument):
                    nonlocal left
                    if not frame.f_code.co_filename.endswith(("importlib._bootstrap>", "preload.py")):
                        return None
                    # No other thread can import while this one has the lock.
                    if not _imp.lock_held():
                        left -= 1
                        if left == 0:
                            held_up.set()
                            over.wait()
                    return trace

                def import_held():
                    sys.settrace(trace)
                    importlib.import_module(held)
                    sys.settrace(None)

                thread = threading.Thread(target=import_held)
                thread.start()
                while thread.is_alive() and not held_up.wait(0.001):
                    pass
                importlib.import_module(other)
                over.set()
                thread.join()
                import outer
                import shared.part
                assert outer.shared is sys.modules["shared"] is shared, (held, other, steps, "two copies")
                assert shared.part is sys.modules["shared.part"] and shared.part.VALUE is shared.VALUE, (held, other, steps)
                assert type(shared.__spec__.loader).__name__ == "SourceFileLoader", (held, other, steps, shared.__spec__)
                assert len(warnings.filters) == before + 1, (held, other, steps, warnings.filters)
                assert os.environ["SHARED"] == "yes" and not shared.__spec__._initializing
                return held_up.is_set()

            counts = []
            for held, other in (("shared", "outer"), ("outer", "shared"), ("shared.part", "outer"), ("outer", "shared.part")):
                for steps in range(1, 10_000):
                    pid = os.fork()
                    if pid == 0:
                        code = 1
                        try:
                            code = 0 if check(held, other, steps) else 9
                        except BaseException:
                            traceback.print_exc()
                        finally:
                            os._exit(code)
                    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                    if code:
                        break
                assert code == 9, code
                assert steps > 20, steps
            """,
        )
        result = self.forked(warm, "script", path)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stderr)

    def test_many_at_once(self):
        result = self.forked(
            self.ready(INSTALLED),
            "script",
            self.write(
                "tasks/script.py",
                """
                import importlib, os, sys, threading, traceback
                names = ["sklearn.svm", "scipy.sparse", "numpy", "numpy.linalg", "logging", "concurrent.futures", "scipy.linalg", "asyncio"]
                own = ("sklearn", "scipy", "numpy", "logging", "concurrent", "asyncio")
                for _ in range(10):
                    if os.fork() == 0:
                        sys.setswitchinterval(1e-6)
                        barrier, problems = threading.Barrier(len(names)), []
                        def load(name):
                            barrier.wait()
                            try:
                                importlib.import_module(name)
                            except BaseException:
                                problems.append(traceback.format_exc())
                        threads = [threading.Thread(target=load, args=[name]) for name in names]
                        for thread in threads: thread.start()
                        for thread in threads: thread.join()
                        for module in list(sys.modules.values()):
                            for value in list(vars(module).values()):
                                if type(value) is type(sys) and value.__name__.startswith(own) and sys.modules.get(value.__name__, value) is not value:
                                    problems.append(f"{module.__name__} has another {value.__name__}")
                        print(*problems, file=sys.stderr)
                        os._exit(len(problems))
                    assert os.wait()[1] == 0
                """,
            ),
        )
        self.assertEqual((result.returncode, result.stderr.strip()), (0, ""))


class Ahead(WarmTest):
    def test_the_helper_reports_of_its_own_task(self):
        process = self.ready(["runweave"])
        path = self.write("tasks/script.py", "import runweave\nrunweave.log_metric('loss', 1)\nprint(runweave.task, runweave.run_id, dict(runweave.params))\n")
        fresh = self.task("script", path)
        self.assertNotIn("None", fresh.stdout)
        for is_ahead in (False, True):
            if is_ahead:
                process.ahead()
            forked = self.forked(process, "script", path)
            self.assertEqual((forked.stdout, forked.stderr), (fresh.stdout, fresh.stderr))
        self.assertEqual(len(self.lines("metric")), 3)

    def test_a_fork_waits_for_one_task(self):
        warm = self.ready(["numpy"])
        path = self.write("tasks/script.py", "import numpy, os; print(os.getpid(), numpy.random.rand())")
        first, second = ((warm.ahead(), self.forked(warm, "script", path).stdout.split()) for _ in range(2))
        third = self.forked(warm, "script", path).stdout.split()
        self.assertEqual([first[1][0], second[1][0]], [str(first[0]), str(second[0])])
        self.assertEqual(len({first[1][1], second[1][1], third[1]}), 3)

    def test_one_that_was_ended_is_not_waited_for(self):
        warm = self.ready([])
        pid = warm.ahead()
        os.kill(pid, signal.SIGKILL)
        path = self.write("tasks/script.py", "print('on')")
        while os.path.exists(f"/proc/{pid}"):
            os.sched_yield()
        self.assertEqual(self.forked(warm, "script", path).stdout, "on\n")

    def test_the_end_of_the_executor_ends_it(self):
        for notebooks in (False, True):
            warm = self.ready([], notebooks=notebooks)
            pid = warm.ahead()
            warm.close()
            while os.path.exists(f"/proc/{pid}"):
                os.sched_yield()


class NotForked(WarmTest):
    """What is started fresh instead."""

    def start(self, warm, kind, source):
        return warm.start([sys.executable, BOOTSTRAP, kind, source], self.folder, self.env())[0]

    def test_a_task_with_a_module_that_has_the_name_of_a_preloaded_one(self):
        warm = self.ready(["colorsys", "wave"])
        path = self.write("tasks/script.py", "import colorsys; print(colorsys.MINE)")
        self.write("tasks/wave/data.txt", "a folder alone hides nothing")
        self.assertEqual(self.start(warm, "script", path)["type"], "started")
        self.assertEqual(warm.receive()["code"], 1)
        self.write("tasks/colorsys.py", "MINE = 1")
        self.assertRegex(self.start(warm, "script", path)["reason"], r"tasks/colorsys\.py has the name of a module")

    def test_a_path_that_the_task_changes_itself_is_followed(self):
        self.write("lib/colorsys.py", "MINE = 1")
        self.both(self.ready(["colorsys"]), "import sys; sys.path.insert(0, 'lib'); import colorsys; print(colorsys.MINE)")

    def installed(self, text):
        self.write("site-packages/alpha.py", text)
        return {**TaskTest.env(self), "PYTHONPATH": f"{TaskTest.env(self)['PYTHONPATH']}{os.pathsep}{self.path('site-packages')}"}

    def test_after_an_installed_module_changed(self):
        env = self.installed("VALUE = 1")
        self.env = lambda *_: env
        warm = self.ready(["alpha"])
        path = self.write("tasks/script.py", "import alpha; print(alpha.VALUE)")
        self.assertEqual(self.forked(warm, "script", path).stdout, "1\n")
        self.write("site-packages/alpha.py", "VALUE = 22")
        answer = self.start(warm, "script", path)
        self.assertEqual((answer["type"], answer["stale"]), ("not-started", True))

    def test_after_a_change_that_kept_time_and_size(self):
        env = self.installed("VALUE = 1")
        self.env = lambda *_: env
        warm = self.ready(["alpha"])
        path = self.write("tasks/script.py", "import alpha; print(alpha.VALUE)")
        file = self.path("site-packages/alpha.py")
        before = os.stat(file)
        # In place, as `rsync --inplace --times` does.
        with open(file, "r+", encoding="utf-8") as changed:
            changed.write("VALUE = 2")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        answer = self.start(warm, "script", path)
        self.assertEqual((answer["type"], answer["stale"]), ("not-started", True))

    def test_after_an_installed_module_changed_while_others_were_loaded(self):
        env = self.installed("VALUE = 1")
        self.write("site-packages/beta.py", f"with open({self.path('site-packages/alpha.py')!r}, 'w') as file: file.write('VALUE = 22')")
        self.env = lambda *_: env
        warm = self.ready(["alpha", "beta"])
        answer = self.start(warm, "script", self.write("tasks/script.py", "import alpha; print(alpha.VALUE)"))
        self.assertEqual((answer["type"], answer["stale"]), ("not-started", True))

    def test_after_an_installation_the_last_look_does_not_count(self):
        env = self.installed("VALUE = 1")
        self.env = lambda *_: env
        warm = self.ready(["alpha"])
        path = self.write("tasks/script.py", "import alpha; print(alpha.VALUE)")
        warm.look(env)
        self.write("site-packages/alpha-2.dist-info/METADATA", "")
        answer = self.start(warm, "script", path)
        self.assertEqual((answer["type"], answer["stale"]), ("not-started", True))

    def test_after_a_file_changed_that_an_import_read(self):
        self.write("settings.ini", "1")
        env = self.installed("VALUE = open('settings.ini').read()")
        self.env = lambda *_: env
        warm = self.ready(["alpha"])
        path = self.write("tasks/script.py", "import alpha; print(alpha.VALUE)")
        self.assertEqual(self.forked(warm, "script", path).stdout, "1\n")
        self.write("settings.ini", "22")
        self.assertTrue(self.start(warm, "script", path)["stale"])

    def test_modules_that_a_fork_must_not_inherit(self):
        self.write("lib/mine.py", "")
        for text, reason in (
            ("import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", "leaves threads running"),
            ("print('hello')", "changes the output by printing"),
            ("import socket; s = socket.socket()", "changes the open files"),
            ("import signal; signal.signal(signal.SIGTERM, print)", "changes signal handlers"),
            ("import sys; sys.path.append('lib')", "changes sys.path"),
            ("import subprocess; p = subprocess.Popen(['sleep', '9'])", "changes the child processes"),
            ("import builtins; builtins.extra = 1", "changes builtins"),
            ("import os; os.umask(0o777)", "changes the umask"),
            ("import gc; gc.disable()", "changes the garbage collector"),
            ("import logging; logging.basicConfig(level=logging.DEBUG)", "changes the settings of logging"),
            ("import numpy; numpy.seterr(all='raise')", "changes the settings of NumPy"),
            ("import matplotlib; matplotlib.rcParams['figure.dpi'] = 7", "changes the settings of Matplotlib"),
            ("import random; generator = random.Random()", "makes a random number generator, which would be the same in each task"),
            ("import numpy; generator = numpy.random.default_rng()", "makes a random number generator, which would be the same in each task"),
            ("import sys; sys.modules['torch'] = sys", "imports torch, which is not known to survive a fork"),
            ("import sys; sys.path.append('lib'); import mine; sys.path.pop()", "imports lib/mine.py, which is not installed"),
            ("import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))", "changes the limits of the process"),
            ("import os; os.nice(1)", "changes the priority of the process"),
            ("import socket; socket.setdefaulttimeout(7)", "changes the timeout of sockets"),
            ("import decimal; decimal.getcontext().prec = 7", "changes the decimal context"),
            ("import decimal; decimal.DefaultContext.traps[decimal.Inexact] = True", "changes the decimal context"),
            ("import multiprocessing; multiprocessing.set_start_method('spawn')", "changes how processes are started by multiprocessing"),
            ("import builtins; builtins.print = lambda *_: None", "changes builtins"),
            ("import warnings; warnings.showwarning = print", "changes how warnings are shown"),
            ("import threading; threading.excepthook = print", "changes the exception hook of threads"),
            ("import faulthandler; faulthandler.enable()", "changes the fault handler"),
            ("import sys; sys.modules['ml_dtypes'] = sys", "adds types to NumPy"),
            *([("import sys; sys.set_int_max_str_digits(9999)", "changes the longest number in a text")] if hasattr(sys, "set_int_max_str_digits") else []),
        ):
            with self.subTest(text):
                env = self.installed(text)
                self.env = lambda *_, env=env: env
                warm = self.warm(["json", "numpy", "alpha"])
                reason = reason.replace("lib/", self.path("lib") + os.sep)
                self.assertEqual(warm.first, {"type": "refused", "modules": {"alpha": reason}})
                warm.close()

    def test_what_is_harmless(self):
        env = self.installed("import decimal, multiprocessing, threading, warnings, faulthandler, resource, socket\nmultiprocessing.get_context()\ndecimal.Decimal(1) / 3")
        self.env = lambda *_: env
        self.ready(["alpha"])

    def test_after_a_start_up_file_changed_in_place(self):
        env = {**self.installed(""), "PYTHONHASHSEED": "0"}
        self.env = lambda *_: env
        path = self.write("tasks/script.py", "")
        for name in ("sitecustomize.py", "some.pth"):
            file = self.write(f"site-packages/{name}", "import json\n")
            warm = self.ready(["json"])
            self.assertEqual(self.forked(warm, "script", path).returncode, 0)
            with open(file, "r+", encoding="utf-8") as changed:
                changed.write("import wave")
            answer = self.start(warm, "script", path)
            self.assertEqual((answer["type"], answer["stale"], answer["reason"]), ("not-started", True, f"{file} has changed"))
            warm.close()

    def test_after_the_helper_itself_changed(self):
        helper = shutil.copytree(os.path.dirname(BOOTSTRAP), self.path("helper"))
        path = self.write("tasks/script.py", "")
        warm = self.ready([], bootstrap=os.path.join(helper, "runweave_task.py"))
        warm.ahead()
        file = os.path.join(helper, "_runweave", "script.py")
        with open(file, "a", encoding="utf-8") as changed:
            changed.write("# another\n")
        answer, _ = warm.start([self.interpreter, os.path.join(helper, "runweave_task.py"), "script", path], self.folder, self.env())
        self.assertEqual((answer["type"], answer["stale"], answer["reason"]), ("not-started", True, f"{file} has changed"))

    def test_what_start_up_files_do_that_no_fork_can_have(self):
        self.write("lib/mine.py", "")
        for text, problem in (
            ("import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", "leave threads running"),
            ("import socket; s = socket.socket()", "leave files open"),
            ("import subprocess; p = subprocess.Popen(['sleep', '0'])", "leave processes running"),
            ("import sys; sys.setprofile(lambda *_: None)", "have Python traced"),
            ("import os; os.environ['SET'] = '1'", "change the environment variable SET"),
            ("import os; del os.environ['PATH']", "change the environment variable PATH"),
            ("import sys; sys.path.append('lib'); import mine; sys.path.pop()", f"import {self.path('lib/mine.py')}, which is not installed"),
        ):
            with self.subTest(text):
                env = self.installed("")
                self.env = lambda *_, env=env: env
                self.write("site-packages/sitecustomize.py", text)
                warm = self.warm(["json"])
                self.assertEqual(warm.first, {"type": "unusable", "reason": f"files that run when Python starts {problem}"})
                warm.close()

    def test_descriptors_that_are_inherited_are_no_start_up_files_doing(self):
        # Terminals and editors leave some to what they start.
        with open(os.devnull) as left:
            self.ready(["json"], inherits=[fcntl.fcntl(left, fcntl.F_DUPFD_CLOEXEC, 300)])

    def test_modules_that_an_import_takes_out_or_puts_in_by_hand(self):
        env = self.installed("import colorsys, sys\nfor name in ('wave', 'chunk', 'this_is_none'): sys.modules.pop(name, None)\nsys.modules['made'] = type(sys)('made')")
        self.env = lambda *_: env
        self.both(self.ready(["wave", "json", "alpha"]), "import alpha, sys\nprint([name in sys.modules for name in ('made', 'colorsys', 'wave', 'json')])\nimport wave, json")

    def test_variables_that_an_import_sets_and_takes_out(self):
        env = {**self.installed("import os\nos.environ['SET'] = os.environ['CHANGED'] = 'new'\ndel os.environ['TAKEN']"), "CHANGED": "old", "TAKEN": "old"}
        self.env = lambda *_: env
        self.both(self.ready(["alpha"]), "import os\nnames = ['SET', 'CHANGED', 'TAKEN']\nprint([*map(os.environ.get, names)])\nimport alpha\nprint([*map(os.environ.get, names)])")

    def test_what_can_not_be_imported_is_left_out(self):
        env = self.installed("raise RuntimeError('no')")
        self.env = lambda *_: env
        warm = self.warm(["alpha", "no_such_module", "json"])
        self.assertEqual(sorted(warm.first["failed"]), ["alpha", "no_such_module"])
        self.both(warm, "import sys; print('alpha' in sys.modules)\nimport alpha")


if __name__ == "__main__":
    unittest.main()
