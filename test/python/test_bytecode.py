"""Two saves of one length within a second: whoever runs after the second runs the second."""

import os
import py_compile
import subprocess
import sys
import venv

from task_workspace import BOOTSTRAP, TaskTest
from warm_process import WarmTest

SECOND = 1_700_000_000


class BytecodeTest(TaskTest):
    def env(self, *arguments):
        env = super().env(*arguments)
        del env["PYTHONDONTWRITEBYTECODE"]
        return env

    def save(self, value):
        path = self.write("part.py", f"VALUE = {value!r}\n")
        os.utime(path, (SECOND, SECOND))
        return path

    def has_second(self, start):
        """`start()` returns what a program prints that imports `part`: here after each of several saves."""
        self.save("A")
        self.assertEqual(start(), "A\n")
        self.assertEqual(start(), "A\n")
        self.save("B")
        self.assertEqual(start(), "B\n")
        # By another program, a moment before.
        py_compile.compile(self.save("C"), doraise=True)
        self.save("D")
        self.assertEqual(start(), "D\n")
        py_compile.compile(self.save("E"), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        self.save("F")
        self.assertEqual(start(), "F\n")

    def printed(self, *arguments):
        result = self.task(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout


class Fresh(BytecodeTest):
    def test_a_script(self):
        path = self.write("script.py", "import part; print(part.VALUE)")
        self.has_second(lambda: self.printed("script", path))

    def test_a_function(self):
        self.write("function.py", "def show():\n    import part; print(part.VALUE)")
        self.has_second(lambda: self.printed("call", "function:show"))

    def test_processes_that_a_task_starts(self):
        for number, start in enumerate((
            "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], check=True)",
            "import os, sys; os.system(f'{sys.executable} -m child')",
            "import child, multiprocessing\nif __name__ == '__main__': multiprocessing.get_context('spawn').Process(target=child.show).start()",
        )):  # fmt: skip
            with self.subTest(start):
                self.write("child.py", "def show():\n    import part; print(part.VALUE)\nif __name__ == '__main__': show()")
                path = self.write(f"script{number}.py", start)
                self.has_second(lambda path=path: self.printed("script", path))

    def test_python_that_a_command_starts(self):
        self.has_second(lambda: self.python("-c", "import part; print(part.VALUE)").stdout)

    def test_a_notebook(self):
        path = self.write("n.py", "# %%\nimport part\nprint(part.VALUE)")

        def start():
            result = self.task("notebook", path)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            return result.stdout.partition("\n")[2]

        self.has_second(start)

    def test_a_file_that_is_moved_into_the_place_of_another(self):
        path = self.write("script.py", "import part; print(part.VALUE)")
        os.replace(self.save("B"), self.path("other.py"))
        self.save("A")
        self.assertEqual(self.printed("script", path), "A\n")
        os.replace(self.path("other.py"), self.path("part.py"))
        self.assertEqual(self.printed("script", path), "B\n")

    def test_without_leave_to_write(self):
        env = self.env()
        self.env = lambda *_: {**env, "PYTHONDONTWRITEBYTECODE": "1"}
        path = self.write("script.py", "import part; print(part.VALUE)")
        self.has_second(lambda: self.printed("script", path))

    def test_bytecode_in_another_folder(self):
        env = self.env()
        self.env = lambda *_: {**env, "PYTHONPYCACHEPREFIX": self.path("cached")}
        path = self.write("script.py", "import part; print(part.VALUE)")
        self.has_second(lambda: self.printed("script", path))
        self.assertTrue(os.path.isdir(self.path("cached")))


class What(BytecodeTest):
    def script(self, text):
        return self.printed("script", self.write("script.py", text))

    def cached(self, folder):
        (name,) = os.listdir(self.path(f"{folder}/__pycache__"))
        path = self.path(f"{folder}/__pycache__/{name}")
        with open(path, "rb") as file:
            return os.stat(path).st_ino, file.read()

    def test_it_is_made_once_and_every_python_checks_it(self):
        self.write("lib/__init__.py", "VALUE = 1")
        self.script("import lib")
        made = self.cached("lib")
        self.assertEqual(made[1][4:8], b"\3\0\0\0")
        self.script("import lib")
        self.assertEqual(self.cached("lib"), made)
        self.write("lib/__init__.py", "VALUE = 2")
        # Also one that is no task's.
        result = subprocess.run([sys.executable, "-c", "import lib; print(lib.VALUE)"], cwd=self.folder, stdout=subprocess.PIPE, encoding="utf-8")
        self.assertEqual(result.stdout, "2\n")

    def test_a_workspace_that_is_or_is_in_the_folder_of_an_environment(self):
        venv.create(self.folder, with_pip=False, symlinks=True)
        self.interpreter = self.path("bin/python")
        env = self.env()
        for workspace in (self.folder, self.path("project")):
            self.env = lambda *_, workspace=workspace: {**env, "RUNWEAVE_WORKSPACE": workspace}
            name = os.path.basename(workspace)
            script = self.write(f"project/{name}.py", f"import of_{name}")
            self.write(f"project/of_{name}/__init__.py", "")
            self.printed("script", script)
            self.assertEqual(self.cached(f"project/of_{name}")[1][4:8], b"\3\0\0\0")

    def test_installed_packages_are_left_to_python(self):
        self.write("lib/site-packages/alpha/__init__.py", "")
        self.script("import sys; sys.path.insert(0, 'lib/site-packages'); import alpha")
        self.assertEqual(self.cached("lib/site-packages/alpha")[1][4:8], bytes(4))

    def test_a_package_that_is_edited_in_place_elsewhere(self):
        script = self.write("project/script.py", "import os, sys; sys.path.insert(0, os.getcwd()); import part; print(part.VALUE)")
        env = self.env()
        self.env = lambda *_: {**env, "RUNWEAVE_WORKSPACE": self.path("project")}
        path = self.save("A")
        self.assertEqual(self.printed("script", script), "A\n")
        # Long after the last change: as Python made it.
        made = self.cached(".")
        self.assertEqual(made[1][4:8], bytes(4))
        self.assertEqual(self.printed("script", script), "A\n")
        self.assertEqual(self.cached("."), made)
        bytecode = self.path(f"__pycache__/part.{sys.implementation.cache_tag}.pyc")
        os.utime(bytecode, (SECOND + 1, SECOND + 1))
        self.save("B")
        self.assertEqual(self.printed("script", script), "B\n")
        self.assertEqual(path, self.save("C"))
        self.assertEqual(self.printed("script", script), "C\n")

    def test_a_mistake_has_the_traceback_that_it_has_in_python(self):
        path = self.write("script.py", "import part")
        for text in ("def f(:", "1 / 0", "import nowhere"):
            self.write("part.py", text)
            ours = self.task("script", path)
            bare = self.python(path, inside_run=False)
            self.assertEqual((ours.returncode, ours.stderr), (bare.returncode, bare.stderr))
            self.assertEqual(ours.returncode, 1)


class Warm(BytecodeTest, WarmTest):
    def test_scripts_and_functions(self):
        warm = self.ready(["json"])
        path = self.write("script.py", "import part; print(part.VALUE)")
        self.write("function.py", "def show():\n    import part; print(part.VALUE)")

        def start(kind, source, is_ahead):
            if is_ahead:
                warm.ahead()
            result = self.forked(warm, kind, source)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            return result.stdout

        for kind, source in (("script", path), ("call", "function:show")):
            for is_ahead in (False, True):
                self.has_second(lambda kind=kind, source=source, is_ahead=is_ahead: start(kind, source, is_ahead))

    def test_a_notebook(self):
        warm = self.ready(["json"], notebooks=True)
        path = self.write("n.py", "# %%\nimport part\nprint(part.VALUE)")

        def start(is_ahead):
            if is_ahead:
                warm.ahead()
            result = self.forked(warm, "notebook", path)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            return result.stdout.partition("\n")[2]

        for is_ahead in (False, True):
            self.has_second(lambda is_ahead=is_ahead: start(is_ahead))


# Not once more here.
del WarmTest
