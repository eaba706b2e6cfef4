"""A `notebook` task. Needs nbclient, ipykernel and jupytext: run with the Python of the digits example."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import unittest
import unittest.mock

from task_workspace import BOOTSTRAP, TaskTest


class NotebookTest(TaskTest):
    def notebook(self, source, params=None, name="notebooks/nb.py"):
        path = self.write(name, source)
        self.set_params(params or {})
        return path, self.task("notebook", path)

    def evaluated(self):
        """The cells of the recorded notebook."""
        (line,) = [line for line in self.lines("artifact") if line["name"].endswith(".ipynb")]
        self.assertEqual(line["mediaType"], "application/x-ipynb+json")
        with open(line["path"], encoding="utf-8") as file:
            return json.load(file)["cells"]

    def statuses(self):
        cells = self.lines("cell")
        for line in cells:
            self.assertEqual("end" in line, line["status"] != "running")
            self.assertLessEqual(int(line["start"]), int(line.get("end", line["start"])))
        return [(line["index"], line["status"]) for line in cells]


class Success(NotebookTest):
    def test_parameters_outputs_helper_images_and_what_was_used(self):
        self.write("lib/part.py", "X = 1")
        self.write("in.txt", "x")
        # A 1 × 1 PNG.
        png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        path, result = self.notebook(
            f"""
            # %% tags=["parameters"]
            size = 1
            other = "default"

            # %% [markdown]
            # No code.

            # %%
            import sys
            import runweave
            from lib.part import X
            print("size", size, other, dict(runweave.params)["not-a-name"])
            print("to stderr", file=sys.stderr)
            runweave.log_metric("size", size)
            runweave.returns(size=size)
            open("in.txt").close()
            open("out.txt", "w").close()
            print(sys.executable)

            # %%
            import base64
            from IPython.display import Image, display
            display(Image(base64.b64decode("{png}")))
            size + 0.5
            """,
            {"size": 7, "not-a-name": None},
        )
        self.assertEqual((result.returncode, result.stderr), (0, "to stderr\n"))
        self.assertEqual(
            result.stdout.splitlines(),
            [
                "[1/4] size = 1",
                "[2/4] # Parameters",
                "[3/4] import sys",
                "size 7 default None",
                sys.executable,
                "[4/4] import base64",
                "7.5",
            ],
        )
        self.assertEqual(self.values("metric"), {"size": 7})
        self.assertEqual(self.values("return"), {"size": 7})
        self.assertEqual(self.statuses(), [(i, s) for i in (1, 2, 3, 4) for s in ("running", "success")])
        self.assertEqual(sorted(self.artifacts()), ["cell-04-1.png", "nb.ipynb"])
        self.assertTrue(self.artifacts()["cell-04-1.png"].startswith(b"\x89PNG"))
        self.assertEqual(
            [cell["metadata"].get("tags") for cell in self.evaluated()][:2], [["parameters"], ["injected-parameters"]]
        )
        seen = self.observed()
        self.assertEqual(seen["modules"], {"lib/part.py", os.path.relpath(path, self.folder)})
        self.assertEqual((seen["read"], seen["written"]), ({"in.txt"}, {"out.txt"}))
        # Also what the kernel has imported for itself: cells that import it are not seen to.
        self.assertLess({"ipykernel", "packaging", "tornado"}, seen["imported"])
        self.assertTrue(seen["imported"].isdisjoint({"debugpy", "_distutils_hack"}))

    def test_a_process_that_a_cell_starts_is_observed(self):
        self.write("in.txt", "x")
        self.write("lib/part.py", "")
        _, result = self.notebook(
            """
            # %%
            import subprocess, sys
            subprocess.run([sys.executable, "-c", "import lib.part; open('in.txt').close()"], check=True)

            # %%
            import os; os._exit(1)
            """
        )
        self.assertEqual(result.returncode, 1)
        seen = self.observed()
        self.assertEqual(seen["read"], {"in.txt"}, "also if the kernel dies")
        self.assertIn("lib/part.py", seen["modules"])

    def test_where_an_ipynb_failed(self):
        sources = ["def half(n):\n    return json.loads(n)", "import json", "x = 1\nhalf('{')"]
        cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source} for source in sources]
        document = {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}, "nbformat": 4, "nbformat_minor": 4}
        path, result = self.notebook(json.dumps(document), {"a": 1}, name="nb.ipynb")
        self.assertEqual(result.returncode, 1)
        (line,) = self.lines("exception")
        self.assertEqual(line["frames"], [{"file": path, "line": 2, "function": "code cell 3"}, {"file": path, "line": 2, "function": "half of code cell 1"}])

    def test_which_of_two_cells_with_the_same_text_failed(self):
        sources = ["n = globals().get('n', 0) + 1", "%time 0\nprint(1 / (n - 2))", "n = n + 1", "%time 0\nprint(1 / (n - 2))"]
        cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source} for source in sources]
        document = {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}, "nbformat": 4, "nbformat_minor": 4}
        path, result = self.notebook(json.dumps(document), name="nb.ipynb")
        self.assertEqual(result.returncode, 1)
        (line,) = self.lines("exception")
        self.assertEqual(line["frames"], [{"file": path, "line": 2, "function": "code cell 4"}])

    def test_ipynb_whose_python_kernel_is_not_installed_and_old_injected_parameters(self):
        cells = [
            {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": "x = 1"},
            {"cell_type": "code", "metadata": {}, "source": "print(x, nested)"},
        ]
        for cell in cells:
            cell.update(outputs=[], execution_count=None)
        document = {
            "cells": cells,
            "metadata": {"kernelspec": {"name": "of-a-colleague", "display_name": "x", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 4,
        }
        _, result = self.notebook(json.dumps(document), {"x": 2, "nested": {"a": [None, True, "q'"]}}, name="nb.ipynb")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("no kernel 'of-a-colleague'", result.stderr)
        self.assertIn("2 {'a': [None, True, \"q'\"]}\n", result.stdout)
        self.assertEqual(len(self.evaluated()), 2)

    def test_a_file_in_the_working_directory_does_not_take_the_place_of_the_standard_library(self):
        for name in ("pathlib", "contextlib", "statistics"):
            self.write(f"{name}.py", "raise ImportError(__file__)")
        self.write("here.py", "X = 1")
        argv = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Mine", "language": "python"}
        self.write(".ipython/kernels/mine/kernel.json", json.dumps(spec))
        source = """
            import pathlib, contextlib, statistics, sys
            from here import X
            assert sys.argv[0].endswith("ipykernel_launcher.py"), sys.argv
            print("path", sys.path)
            """
        paths = set()
        with unittest.mock.patch.dict(os.environ, IPYTHONDIR=self.path(".ipython")):
            for kernel in ("python3", "mine"):
                cell = {"cell_type": "code", "metadata": {}, "source": textwrap.dedent(source), "outputs": [], "execution_count": None}
                spec = {"name": kernel, "display_name": kernel, "language": "python"}
                _, result = self.notebook(json.dumps({"cells": [cell], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 4}), name="nb.ipynb")
                self.assertEqual((result.returncode, self.lines("exception")), (0, []), result.stderr)
                self.assertNotIn("no kernel", result.stderr)
                paths.update(line for line in result.stdout.splitlines() if line.startswith("path"))
        (path,) = paths
        self.assertEqual(path.count(repr(os.path.dirname(BOOTSTRAP))), 1)
        self.assertIn("''", path)

    def test_a_kernel_that_something_else_starts_is_started_as_it_says(self):
        # As in a container, where the files of the helper are not.
        self.write("elsewhere.sh", 'case "$*" in *launch_kernel*) exit 2;; esac\nexec "$@"\n')
        argv = ["/bin/sh", self.path("elsewhere.sh"), sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.write(".ipython/kernels/elsewhere/kernel.json", json.dumps({"argv": argv, "display_name": "x", "language": "python"}))
        cell = {"cell_type": "code", "metadata": {}, "source": "print('there')", "outputs": [], "execution_count": None}
        spec = {"name": "elsewhere", "display_name": "x", "language": "python"}
        with unittest.mock.patch.dict(os.environ, IPYTHONDIR=self.path(".ipython")):
            _, result = self.notebook(json.dumps({"cells": [cell], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 4}), name="nb.ipynb")
        self.assertEqual((result.returncode, self.lines("exception")), (0, []), result.stderr)
        self.assertIn("there\n", result.stdout)

    def test_a_cell_may_end_the_notebook(self):
        _, result = self.notebook("# %%\nimport sys; sys.exit()\n\n# %%\nprint('never')\n")
        self.assertEqual((result.returncode, self.lines("exception")), (0, []))
        self.assertNotIn("never\n", result.stdout.replace("print('never')", ""))


class Failure(NotebookTest):
    def test_a_failing_cell(self):
        path, result = self.notebook(
            """
            # %%
            print("before")

            # %%
            def f():
                raise KeyError("gone")


            f()

            # %%
            print("after")
            """
        )
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("after", result.stdout)
        self.assertIn("KeyError: 'gone'", result.stderr)
        self.assertNotIn("nbclient", result.stderr)
        self.assertNotIn("\x1b", result.stderr)
        (line,) = self.lines("exception")
        self.assertEqual((line["exceptionType"], line["message"]), ("KeyError", "'gone'"))
        self.assertIn("----> 2", line["stacktrace"])
        self.assertNotIn("\x1b", line["stacktrace"])
        self.assertEqual(
            line["frames"],
            [{"file": path, "line": 9, "function": "<module>"}, {"file": path, "line": 6, "function": "f"}],
        )
        self.assertEqual(self.statuses(), [(1, "running"), (1, "success"), (2, "running"), (2, "failure")])
        cells = self.evaluated()
        self.assertEqual([cell["metadata"].get("tags") for cell in cells], [None, ["failed"], None])
        self.assertEqual(cells[1]["outputs"][-1]["ename"], "KeyError")
        self.assertEqual(self.observed()["modules"], {os.path.relpath(path, self.folder)})

    def test_a_kernel_that_dies(self):
        _, result = self.notebook("# %%\nprint('up', flush=True)\n\n# %%\nimport os; os._exit(9)\n")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(self.lines("exception")[0]["exceptionType"], "DeadKernelError")
        self.assertNotIn("Traceback", result.stderr)
        self.assertEqual(self.evaluated()[0]["outputs"][0]["text"], ["up\n"])

    @unittest.skipUnless(os.name == "posix", "signals")
    def test_on_sigterm_the_kernel_ends_and_the_partial_notebook_is_kept(self):
        path = self.write(
            "nb.py",
            """
            # %%
            import os, subprocess, time
            child = subprocess.Popen(["sleep", "60"])
            print("pids", os.getpid(), child.pid, flush=True)
            time.sleep(60)
            """,
        )
        command = [sys.executable, BOOTSTRAP, "notebook", path]
        with subprocess.Popen(
            command, env=self.env(), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            line = ""
            while not line.startswith("pids"):
                line = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            _, error = process.communicate()
        self.assertEqual((process.returncode, error), (128 + signal.SIGTERM, ""))
        for pid in map(int, line.split()[1:]):
            self.assertFalse(running(pid), pid)
        (cell,) = self.evaluated()
        self.assertTrue(cell["outputs"][0]["text"][0].startswith("pids"))
        self.assertEqual(self.statuses()[-1], (1, "failure"))


class Mistakes(NotebookTest):
    def check(self, result, *words):
        self.assertEqual(result.returncode, 1)
        (line,) = result.stderr.splitlines()
        self.assertTrue(line.startswith("runweave: "), line)
        for word in words:
            self.assertIn(word, line)
        self.assertEqual("runweave: " + self.lines("exception")[0]["message"], line)

    def test_missing_packages(self):
        path = self.write("nb.py", "# %%\n1\n")
        # -S: without the folder of installed packages.
        result = self.python("-S", BOOTSTRAP, "notebook", path)
        self.check(result, "nbclient", f"{sys.executable} -m pip install nbclient nbformat jupytext ipykernel")

    def test_no_notebook(self):
        self.check(self.notebook("{", name="nb.ipynb")[1], "nb.ipynb", "not JSON")

    def test_absent_notebook(self):
        self.check(self.task("notebook", self.path("absent.py")), "absent.py", "No such file")

    def test_a_kernel_of_another_language_that_is_not_installed(self):
        metadata = {"kernelspec": {"name": "no-such-ir", "display_name": "R", "language": "R"}}
        document = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
        self.check(self.notebook(json.dumps(document), name="nb.ipynb")[1], "'no-such-ir' (R) is not installed")


def running(pid):
    """Whether a process runs; one that has ended and is not yet reaped does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()
