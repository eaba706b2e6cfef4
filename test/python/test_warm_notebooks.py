"""A notebook that is run by a kernel from a warm process finds what it finds in a fresh one."""

import json
import os
import signal
import time

from task_workspace import BOOTSTRAP, TaskTest
from warm_process import WarmTest, until_ended


class Notebooks(WarmTest):
    def test_a_forked_kernel(self):
        warm = self.ready(["numpy"], notebooks=True)
        path = self.write(
            "notebooks/n.py",
            """
            # %%
            import os, sys
            print(__name__, sys.argv[:1], sys.path[:2], os.getcwd(), os.environ["MPLBACKEND"], "numpy" in sys.modules)
            # %%
            import numpy
            numpy.arange(3)
            # %%
            print(numpy.random.rand() != 0, sys.stdin.read() if False else "", file=sys.stderr)
            # %%
            import matplotlib
            shell = get_ipython()
            print(type(shell).__name__, shell.execution_count, In[-1][:17], Out, _oh is Out, shell.kernel.shell is shell)
            print(os.environ["RUNWEAVE_TASK"], sorted(name for name in os.environ if not name.startswith("PYDEVD_")), matplotlib.get_backend(), sys.orig_argv[1:3])
            print(sorted(name for name in globals() if not name.startswith("_")), os.getpgid(0) == os.getpid() == os.getsid(0))
            print(sorted(name for name in sys.modules if name.startswith("sklearn")))
            os.system("echo from a process of its own >made.txt")
            # %%
            class Thing: pass
            import pickle
            pickle.loads(pickle.dumps(Thing())).__module__
            # %%
            1 / 0
            """,
        )
        fresh = self.task("notebook", path)
        fresh_lines = self.lines()
        with open(self.log, "w", encoding="utf-8"):
            pass

        def joined(outputs):
            """A kernel sends what is printed in as many pieces as it comes to."""
            whole = []
            for output in outputs:
                if whole and output["output_type"] == "stream" and whole[-1].get("name") == output["name"]:
                    whole[-1] = {**whole[-1], "text": whole[-1]["text"] + output["text"]}
                else:
                    whole.append(output)
            return whole

        def comparable(lines):
            kept = [{k: v for k, v in line.items() if k not in ("start", "end", "path", "digest", "size", "time")} for line in lines if line["type"] not in ("artifact", "observed", "exception")]
            return [{**line, "outputs": joined(line["outputs"])} if "outputs" in line else line for line in kept]

        for is_ahead in (False, True):
            with open(self.log, "w", encoding="utf-8"):
                pass
            if is_ahead:
                warm.ahead()
            forked = self.forked(warm, "notebook", path)
            self.assertEqual((forked.returncode, forked.stdout), (fresh.returncode, fresh.stdout))
            self.assertEqual(forked.returncode, 1)
            self.assertIn("ZeroDivisionError", forked.stderr)
            self.assertEqual(comparable(self.lines()), comparable(fresh_lines))

    def test_what_is_observed(self):
        self.write("helper.py", "import numpy, packaging.version")
        path = self.write("n.py", "# %%\nimport helper, plistlib\n# %%\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\n")
        self.assertEqual(self.task("notebook", path).returncode, 0)
        fresh = self.seen()
        self.assertIn("helper", fresh["lookups"][self.folder])
        self.assertLess({"numpy", "packaging", "matplotlib", "matplotlib_inline", "ipykernel"}, next(iter(fresh["imported"].values())))
        warm = self.ready(["numpy", "packaging.version", "matplotlib.pyplot"], notebooks=True)
        for is_ahead in (False, True):
            if is_ahead:
                warm.ahead()
            self.assertEqual(self.forked(warm, "notebook", path).returncode, 0)
            seen = self.seen()
            # What the kernel has imported for itself is no lookup of the task's.
            for kind in ("modules", "imported", "lookups"):
                self.assertEqual(seen[kind], fresh[kind])

    def test_figures_are_shown(self):
        path = self.write(
            "n.py",
            """
            # %%
            import matplotlib.pyplot as plt
            print(plt._backend_mod)
            plt.plot([1, 2])
            plt.show()
            """,
        )
        fresh = self.task("notebook", path)
        self.assertEqual(sorted(self.artifacts()), ["cell-01-1.png", "n.ipynb"])
        warm = self.ready(["matplotlib.pyplot"], notebooks=True)
        for is_ahead in (False, True):
            self.seen()
            if is_ahead:
                warm.ahead()
            forked = self.forked(warm, "notebook", path)
            self.assertEqual((forked.returncode, forked.stdout), (fresh.returncode, fresh.stdout))
            self.assertEqual(sorted(self.artifacts()), ["cell-01-1.png", "n.ipynb"])

    def test_files_that_run_when_a_kernel_starts(self):
        env = {**self.env(), "IPYTHONDIR": self.path("ipython")}
        self.env = lambda *_: env
        warm = self.ready([], notebooks=True)
        path = self.write("n.py", "# %%\nprint(VALUE)\n")
        # The first waits with a kernel, for which the file comes too late; the second has none.
        warm.ahead()
        self.write("ipython/profile_default/startup/first.py", "import os\nVALUE = os.environ['RUNWEAVE_TASK']")
        for _ in range(2):
            forked = self.forked(warm, "notebook", path)
            self.assertEqual((forked.returncode, forked.stdout), (0, "[1/1] print(VALUE)\ntask\n"))
            warm.ahead()

    def test_a_module_that_asks_whether_it_is_in_a_notebook(self):
        for text in ("import sys\nif 'IPython' in sys.modules: sys.modules['IPython'].get_ipython()", "try: get_ipython()\nexcept NameError: pass"):
            self.write("site-packages/alpha.py", text)
            env = {**TaskTest.env(self), "PYTHONPATH": f"{TaskTest.env(self)['PYTHONPATH']}{os.pathsep}{self.path('site-packages')}"}
            self.env = lambda *_, env=env: env
            warm = self.warm(["json", "alpha"], notebooks=True)
            self.assertEqual(warm.first, {"type": "refused", "modules": {"alpha": "asks whether it is in a notebook when it is imported"}})
            warm.close()

    def test_no_kernel_is_left_when_the_notebook_can_not_be_read(self):
        warm = self.ready([], notebooks=True)
        forked = self.forked(warm, "notebook", self.write("n.ipynb", "no notebook"))
        self.assertEqual(forked.returncode, 1)
        self.assertEqual(forked.stderr, self.task("notebook", self.path("n.ipynb")).stderr)

    def test_a_signal_while_a_kernel_that_was_started_ahead_takes_its_task(self):
        warm = self.ready([], notebooks=True)
        path = self.write("n.py", "# %%\nprint(1)\n")
        pid = warm.ahead()
        kernel = self.kernel_of(pid)
        # To observe, the kernel opens it, and waits for who reads.
        os.unlink(self.log)
        os.mkfifo(self.log)
        warm.start([self.interpreter, BOOTSTRAP, "notebook", path], self.folder, self.env())
        while os.getsid(kernel) != kernel:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.05)
        with open(os.open(self.log, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as log:
            end = warm.receive()
            told = log.read() or b""
        self.assertEqual((end.get("code"), end.get("signal")), (128 + signal.SIGTERM, None))
        self.assertIn(b'"n.ipynb"', told)
        self.assertFalse(os.path.exists(f"/proc/{kernel}"))

    def test_an_environment_that_does_not_fit_into_a_socket(self):
        env = {**self.env(), **{f"RUNWEAVE_PARAM_{name}": name * 90_000 for name in "ABC"}}
        warm = self.ready([], notebooks=True)
        self.env = lambda *_: env
        path = self.write("n.py", "# %%\nimport os\nprint(len(os.environ['RUNWEAVE_PARAM_C']))\n")
        warm.ahead()
        self.assertEqual(self.forked(warm, "notebook", path).stdout, "[1/1] import os\n90000\n")

    def test_a_kernel_that_ends_while_it_waits(self):
        warm = self.ready([], notebooks=True)
        path = self.write("n.py", "# %%\nprint(1)\n")
        # While it starts, and when it has started.
        for wait in (0, 3):
            pid = warm.ahead()
            kernel = self.kernel_of(pid)
            time.sleep(wait)
            os.kill(kernel, signal.SIGKILL)
            until_ended(kernel)
            forked = self.forked(warm, "notebook", path)
            self.assertEqual((forked.returncode, forked.stdout, forked.stderr), (0, "[1/1] print(1)\n1\n", ""))

    def test_a_jupytext_that_can_not_be_imported(self):
        self.write("site-packages/jupytext.py", "raise ImportError('of another version')")
        env = {**self.env(), "PYTHONPATH": f"{self.env()['PYTHONPATH']}{os.pathsep}{self.path('site-packages')}"}
        self.env = lambda *_: env
        warm = self.warm([], notebooks=True)
        self.assertEqual(warm.first, {"type": "ready", "failed": {"jupytext": "ImportError: of another version"}})
        path = self.write("n.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": "print(1)", "metadata": {}, "outputs": [], "execution_count": None, "id": "one"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        warm.ahead()
        forked = self.forked(warm, "notebook", path)
        self.assertEqual((forked.returncode, forked.stdout, forked.stderr), (0, "[1/1] print(1)\n1\n", ""))

    def kernel_of(self, pid):
        """The child of a fork that waits, once there is one."""
        children = ""
        while not children:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                children = file.read()
        return int(children)


if __name__ == "__main__":
    unittest.main()
