"""What the import of a preloaded package depends on, besides its own files: as in a fresh process, or not forked."""

import os
import sys
import unittest

from task_workspace import BOOTSTRAP, TaskTest
from test_warm import WarmTest

# Objects that the collector leaves alone are a fork's.
FORKED = "import gc; print('forked' if gc.get_freeze_count() else 'fresh')\n"


class WithPackages(WarmTest):
    def installed(self, files, **variables):
        for name, text in files.items():
            self.write(f"site-packages/{name}", text)
        env = {**TaskTest.env(self), "PYTHONPATH": f"{TaskTest.env(self)['PYTHONPATH']}{os.pathsep}{self.path('site-packages')}", **variables}
        self.env = lambda *_: env

    def start(self, warm, kind, source):
        return warm.start([sys.executable, BOOTSTRAP, kind, source], self.folder, self.env())[0]

    def how(self, warm, script):
        """Whether it ended in a fork: printed first, before what must be as in a fresh process."""
        path = self.write("tasks/script.py", script)
        fresh = self.task("script", path)
        forked = self.forked(warm, "script", path)
        how, rest = (forked.stdout.partition("\n")[::2])
        self.assertEqual((rest, forked.stderr, forked.returncode), (fresh.stdout.partition("\n")[2], fresh.stderr, fresh.returncode))
        return how


class WhatImportsRead(WithPackages):
    def assert_as_fresh(self, warm, script):
        """Observed is the same; returns the path of the script."""
        path = self.write("tasks/script.py", script)
        self.seen()
        fresh = self.task("script", path)
        as_fresh = self.seen()
        forked = self.forked(warm, "script", path)
        self.assertEqual((forked.stdout, forked.stderr), (fresh.stdout, fresh.stderr))
        self.assertEqual(self.seen(), as_fresh)
        return path

    def test_a_folder_that_is_listed(self):
        for text in ("import glob; F = sorted(glob.glob('plug/*.txt'))", "import os; F = sorted(os.listdir('plug'))", "import os; F = [e.name for e in os.scandir('plug')]", "import pathlib; F = sorted(map(str, pathlib.Path('plug').rglob('*.txt')))"):
            with self.subTest(text):
                self.write("plug/a.txt", "")
                self.installed({"lister/__init__.py": text})
                warm = self.ready(["lister"])
                path = self.assert_as_fresh(warm, "import lister; print(lister.F)")
                self.write("plug/b.txt", "")
                self.assertTrue(self.start(warm, "script", path)["stale"])
                os.remove(self.path("plug/b.txt"))
                warm.close()

    def test_a_file_that_is_read(self):
        self.write("alpharc", "33")
        self.installed({"alpha/__init__.py": "from . import part", "alpha/part.py": "import os\nV = open('alpharc').read() if os.path.exists('alpharc') else None"})
        warm = self.ready(["alpha"])
        path = self.assert_as_fresh(warm, "import alpha; print(alpha.part.V)")
        self.write("alpharc", "44")
        self.assertTrue(self.start(warm, "script", path)["stale"])

    def test_a_file_that_comes_later(self):
        for text in ("import os; V = os.path.exists('alpharc')", "import pathlib; V = pathlib.Path('alpharc').is_file()"):
            with self.subTest(text):
                self.installed({"alpha/__init__.py": text})
                warm = self.ready(["alpha"])
                path = self.assert_as_fresh(warm, "import alpha; print(alpha.V)")
                self.write("other", "")
                self.assertEqual(self.forked(warm, "script", path).stdout, "False\n")
                self.write("alpharc", "")
                self.assertTrue(self.start(warm, "script", path)["stale"])
                os.remove(self.path("alpharc"))
                warm.close()

    def test_the_functions_of_os_are_what_they_were(self):
        self.installed({"alpha/__init__.py": "import os, os.path, pathlib, shutil\nfrom os import stat\nos.path.exists('x')"})
        self.both(self.ready(["alpha"]), "import alpha, os, pathlib, posixpath, genericpath\nprint(alpha.stat is os.stat, posixpath.os is os, genericpath.os is os, pathlib.os is os)")

    def test_a_package_that_looks_where_the_task_is(self):
        self.installed({"alpha/__init__.py": "import os\nV = os.path.exists('here.txt')"})
        self.write("elsewhere/here.txt", "")
        warm = self.ready(["alpha"])
        script = FORKED + "import os\nos.chdir({!r})\nimport alpha\nprint(alpha.V)"
        self.assertEqual(self.how(warm, script.format(".")), "forked")
        self.forked(warm, "script", self.write("tasks/script.py", script.format("elsewhere")))
        self.assertEqual([line["misfit"] for line in self.lines("observed") if "misfit" in line], ["alpha loaded before it was imported in another working directory"])

    def test_what_a_submodule_took_the_place_of(self):
        self.installed({"pk/__init__.py": "bar = 5", "pk/bar.py": ""})
        warm = self.ready(["pk.bar"])
        self.both(warm, "import pk; print(pk.bar)")
        self.both(warm, "import pk.bar; print(pk.bar.__name__)")

    def test_a_package_that_asks_for_what_is_of_one_task(self):
        for text in ("os.environ.get('RUNWEAVE_TASK')", "os.getenv('RUNWEAVE_TASK')", "'RUNWEAVE_TASK' in os.environ", "os.environb.get(b'RUNWEAVE_TASK')"):
            with self.subTest(text):
                self.installed({"alpha/__init__.py": f"import os\nos.environ['A'] = '1'\n{text}"})
                warm = self.warm(["alpha"])
                self.assertEqual(warm.first, {"type": "refused", "modules": {"alpha": "asks for RUNWEAVE_TASK when it is imported"}})
                warm.close()

    def test_a_package_that_writes_into_the_workspace(self):
        self.installed({"alpha/__init__.py": "open('log.txt', 'w').close()"})
        warm = self.warm(["alpha"])
        self.assertEqual(warm.first, {"type": "refused", "modules": {"alpha": f"writes {self.path('log.txt')}"}})

    def test_what_a_failed_import_looked_for(self):
        self.installed({
            "optpkg/__init__.py": "try: from optpkg._fast import V\nexcept ImportError: V = 'slow'",
            "optpkg/_fast.py": "import colorsys, os\nos.environ['TRIED'] = 'yes'\nopen('fast.txt').close()\nimport speedups\nV = 'fast'",
        })  # fmt: skip
        self.write("fast.txt", "")
        warm = self.ready(["optpkg"])
        path = self.assert_as_fresh(warm, "import optpkg, os, sys; print(optpkg.V, os.environ['TRIED'], 'colorsys' in sys.modules)")
        self.write("tasks/speedups.py", "")
        self.assertRegex(self.start(warm, "script", path)["reason"], r"tasks/speedups\.py has the name of a module")


class WhatTasksSetFirst(WithPackages):
    """Before an import: variables, and modules in the place of others."""

    def setUp(self):
        super().setUp()
        self.installed({"alpha/__init__.py": "import os\nfrom . import part\nV = os.environ.get('ALPHA')", "alpha/part.py": "import mmap, usesyaml", "usesyaml.py": "import fakeyaml\nV = fakeyaml.V", "fakeyaml.py": "V = 'real'"})

    def test_a_script_that_sets_variables_before_it_imports_is_not_forked(self):
        warm = self.ready(["alpha"])
        for text in (
            "import os\nos.environ['ALPHA'] = '1'\nimport alpha",
            "import os\nos.environ.setdefault('ALPHA', '1')\nimport alpha",
            "import os\nos.environ.update(ALPHA='1')\nfrom alpha import V",
            "from os import environ\nenviron['ALPHA']='1'\ndef f():\n    import alpha",
            "from dotenv import load_dotenv\nload_dotenv()\nimport alpha",
            "# %%\n# %env ALPHA=1\n# %%\nimport alpha",
            '{"cells": [{"cell_type": "code", "source": ["import os\\n", "os.environ[\\"ALPHA\\"] = \\"1\\"\\n", "import alpha"]}]}',
        ):
            with self.subTest(text):
                path = self.write("tasks/script.py", text)
                self.assertEqual(self.start(warm, "script", path), {"type": "not-started", "id": warm._last, "reason": "script.py sets environment variables before it imports", "stale": False})
        for text in (
            "import os, alpha\nos.environ['ALPHA'] = '1'\n",
            "import os\nif os.environ['HOME'] == '1': pass\nimport alpha",
            "import os\nos.environ['MPLBACKEND'] = 'Agg'\nos.environ.setdefault('MPLBACKEND', 'Agg')\nimport alpha",
        ):
            self.assertEqual(self.how(warm, FORKED + text), "forked")

    def given(self, warm, script, reason):
        """What a forked task printed that was told of, and is not forked again."""
        path = self.write("tasks/script.py", FORKED + script)
        forked = self.forked(warm, "script", path)
        self.assertEqual(forked.stderr, "")
        module, _, how = reason.partition(" is imported ")
        told = [line["misfit"] for line in self.lines("observed") if "misfit" in line]
        self.assertEqual(told, [f"{module} loaded before it was imported {how}"])
        text = f"{module} was loaded before the task, which imports it {how}: it may not be what it is in a fresh process. The task runs once more, in one; RUNWEAVE_WARM=off under env has it do so always"
        self.assertEqual([line["message"] for line in self.lines("warning")], [text])
        self.write("tasks/script.py", "# changed")
        self.assertEqual(self.start(warm, "script", path)["reason"], reason)
        return forked.stdout

    def test_a_module_of_its_own_that_sets_variables(self):
        self.write("tasks/settings.py", "import os\nos.environ['ALPHA'] = 'set'\n")
        warm = self.ready(["alpha", "colorsys"])
        self.write("tasks/other.py", FORKED + "import settings, colorsys\n")
        self.assertEqual(self.forked(warm, "script", self.path("tasks/other.py")).stdout, "forked\n")
        self.assertEqual(self.given(warm, "import settings, alpha\nprint(alpha.V)\n", "alpha is imported after ALPHA was set"), "forked\nNone\n")

    def test_a_fork_that_was_made_ahead(self):
        self.write("tasks/settings.py", "import os\nos.environ['ALPHA'] = 'set'\n")
        warm = self.ready(["alpha"])
        warm.ahead()
        self.assertEqual(self.given(warm, "import settings, alpha\n", "alpha is imported after ALPHA was set"), "forked\n")

    def test_a_process_of_the_task(self):
        self.write("tasks/settings.py", "import os\nos.environ['ALPHA'] = 'set'\n")
        script = "import multiprocessing.pool\ndef f(_):\n    import settings, alpha\n    return alpha.V\nif __name__ == '__main__':\n    with multiprocessing.pool.Pool(1) as pool: print(pool.map(f, [1]))\n"
        self.assertEqual(self.given(self.ready(["alpha", "multiprocessing.pool"]), script, "alpha is imported after ALPHA was set"), "forked\n[None]\n")

    def test_variables_of_an_attempt_are_for_nobodys_import(self):
        self.write("tasks/settings.py", "import os\nos.environ['MLFLOW_TRACKING_URI'] = 'set'\n")
        self.assertEqual(self.how(self.ready(["alpha"]), FORKED + "import settings, alpha\n"), "forked")
        self.assertEqual(self.lines("warning"), [])

    def test_what_a_module_that_was_given_sets_is_no_change(self):
        self.installed({"setter.py": "import os\nos.environ['ALPHA'] = 'by setter'"})
        self.assertEqual(self.how(self.ready(["setter", "alpha"]), FORKED + "import setter, alpha\n"), "forked")

    def test_a_module_in_the_place_of_another(self):
        stub = "import sys, types\nstub = sys.modules['fakeyaml'] = types.ModuleType('fakeyaml')\nstub.V = 'stub'\n"
        printed = self.given(self.ready(["alpha"]), f"{stub}import alpha.part, usesyaml\nprint(usesyaml.V, alpha.part.usesyaml is usesyaml)\n", "alpha is imported after fakeyaml was replaced")
        self.assertEqual(printed, "forked\nreal True\n")

    def test_a_module_that_nobody_imports(self):
        self.installed({"alpha/__init__.py": "import sys, types\nsys.modules.setdefault('alpha_runtime', types.ModuleType('alpha_runtime'))"})
        self.assertEqual(self.how(self.ready(["alpha"]), f"{FORKED}import sys, types\nsys.modules['alpha_runtime'] = types.ModuleType('alpha_runtime')\nimport alpha\n"), "forked")
        self.assertEqual(self.lines("warning"), [])

    def test_a_module_that_was_missing(self):
        self.installed({"alpha/__init__.py": "try: import nowhere\nexcept ImportError: nowhere = None\n"})
        self.given(self.ready(["alpha"]), "import sys\nsys.modules['nowhere'] = sys\nimport alpha\n", "alpha is imported after a module was made that it looks for")

    def test_common_packages_are_given(self):
        script = FORKED + "import numpy, logging, sklearn.svm, matplotlib.pyplot\nprint(numpy.__version__)\n"
        self.assertEqual(self.how(self.ready(["numpy", "logging", "sklearn.svm", "matplotlib.pyplot"]), script), "forked")

    def test_a_notebook(self):
        path = self.write("n.py", "# %%\nimport settings\n# %%\nimport alpha\nprint(alpha.V)\n")
        self.write("settings.py", "import os\nos.environ['ALPHA'] = 'set'\n")
        warm = self.ready(["alpha"], notebooks=True)
        self.forked(warm, "notebook", path)
        self.assertEqual([line["misfit"] for line in self.lines("observed") if "misfit" in line], ["alpha loaded before it was imported after ALPHA was set"])
        self.assertEqual(self.start(warm, "notebook", path)["reason"], "alpha is imported after ALPHA was set")


if __name__ == "__main__":
    unittest.main()
