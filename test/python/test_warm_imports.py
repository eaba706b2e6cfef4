"""What the import of a preloaded package depends on, besides its own files: as in a fresh process, or not forked."""

import os
import sys
import unittest

from task_workspace import BOOTSTRAP, TaskTest
from warm_process import WarmTest

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

    def test_a_name_that_nothing_can_have(self):
        self.installed({"alpha/__init__.py": "import os; V = [os.path.exists('a\\0b'), os.path.exists('\\ud800')]"})
        self.assert_as_fresh(self.ready(["alpha"]), "import alpha; print(alpha.V)")

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


class WhatImportsChange(WithPackages):
    """In other modules, which a task may import alone."""

    def as_fresh(self, warm, *scripts):
        for script in scripts:
            with self.subTest(script):
                self.assertEqual(self.how(warm, FORKED + script), "forked")

    def test_variables_of_other_modules(self):
        self.installed({
            "base/__init__.py": "from . import part\nV = part.V\n__all__ = ['V']\n",
            "base/part.py": "V = 1\nGONE = 2\ndef make(): global MADE; MADE = 3\n",
            "one.py": "import base\nbase.V = 'one'\nbase.ONE = 1\nbase.__all__ += ['ONE']\nimport two\n",
            "two.py": "import base.part\nbase.V += '+two'\nbase.part.make()\ndel base.part.GONE\n",
            "three.py": "from importlib import import_module\nbase = import_module('three_helper').it\n",
            "three_helper.py": "import base as it\n",
            "four.py": "import three\nthree.base.FOUR = 4\n",
            "own/__init__.py": "from . import part\npart.V = 'from the package'\n",
            "own/part.py": "V = 0\n",
        })  # fmt: skip
        show = "print(base.V, base.__all__, hasattr(base, 'ONE'), hasattr(base, 'FOUR'), hasattr(base.part, 'MADE'), hasattr(base.part, 'GONE'))\n"
        self.as_fresh(
            self.ready(["one", "three", "four", "own.part"]),
            f"import base\n{show}",
            f"import base\nimport one\n{show}",
            f"import one, base\n{show}base.V = 5\nimport two\n{show}",
            f"import base, four\n{show}",
            f"import three, base\n{show}",
            "import own.part\nprint(own.part.V)\n",
        )

    def test_what_is_entered_for_all(self):
        self.installed({"entering.py": "import copyreg\nclass C: pass\ncopyreg.pickle(C, str)\nimport matplotlib.colors, matplotlib\nmatplotlib.colormaps.register(matplotlib.colors.ListedColormap(['r'], name='entered'))\n"})
        show = "import copyreg, matplotlib\nprint(len(copyreg.dispatch_table), 'entered' in matplotlib.colormaps)\n"
        self.as_fresh(self.ready(["matplotlib", "entering"]), show, f"import entering\n{show}")

    def test_scikit_learn(self):
        names = ["sklearn.impute", "sklearn.model_selection", "sklearn.experimental.enable_iterative_imputer", "sklearn.experimental.enable_halving_search_cv"]
        show = "import sklearn.impute, sklearn.model_selection as m\nprint(hasattr(sklearn.impute, 'IterativeImputer'), 'IterativeImputer' in sklearn.impute.__all__, m.__all__, hasattr(m, 'HalvingGridSearchCV'))\n"
        self.as_fresh(self.ready(names), show, f"import {names[2]}, {names[3]}\n{show}", f"{show}import {names[3]}\n{show}")

    def test_loggers(self):
        self.installed({
            "logs/__init__.py": "import logging\nlog = logging.getLogger(__name__)\nlog.addHandler(logging.NullHandler())\nfrom . import deep\n",
            "logs/deep.py": "import logging\nlog = logging.getLogger('logs.deep.down')\nlog.propagate = True\n",
            "quiet.py": "import logging\nlog = logging.getLogger('quiet')\nlog.setLevel(logging.ERROR)\n",
        })  # fmt: skip
        warm = self.ready(["logs", "quiet", "logging.config"])
        show = "print(sorted((name, type(each).__name__, getattr(each, 'level', None), str(getattr(each, 'parent', None)), str(getattr(each, 'handlers', None))) for name, each in logging.root.manager.loggerDict.items()), len(logging._handlerList))\n"
        say = f"import logs, logs.deep, quiet\n{show}logs.log.warning('logs')\nlogs.deep.log.warning('deep')\nquiet.log.warning('quiet')\nquiet.log.error('loud')\n"
        self.as_fresh(
            warm,
            f"import logging\n{show}",
            f"import logging\n{say}",
            f"import logging.config\nlogging.config.dictConfig({{'version': 1}})\n{say}",
            f"import logging\nlogging.basicConfig()\nfor name in list(logging.root.manager.loggerDict): logging.getLogger(name).setLevel(50)\n{say}",
            f"import logging\nlogging.getLogger('logs').setLevel(50)\nlogging.getLogger('quiet').setLevel(10)\n{say}logging.getLogger('logs').setLevel(10)\nlogs.log.info('more')\n",
            f"import logging\nmine = logging.getLogger('logs.deep')\nmine.propagate = False\nbelow = logging.getLogger('logs.deep.down.here')\n{say}below.warning('below')\nprint(below.parent is logs.deep.log, logs.deep.log.parent is mine)\n",
        )


class WhatTasksSetFirst(WithPackages):
    """Before an import: variables, and modules in the place of others."""

    def setUp(self):
        super().setUp()
        self.installed({"alpha/__init__.py": "import os\nfrom . import part\nV = os.environ.get('ALPHA')", "alpha/part.py": "import mmap, usesyaml", "usesyaml.py": "import fakeyaml\nV = fakeyaml.V", "fakeyaml.py": "V = 'real'"})

    def assert_not_forked(self, warm, text, reason, kind="script", source=None):
        path = self.write("tasks/script.py", text)
        self.assertEqual(self.start(warm, kind, source or path), {"type": "not-started", "id": warm._last, "reason": reason, "stale": False})

    def test_a_script_that_sets_variables_before_it_imports_is_not_forked(self):
        warm = self.ready(["alpha"])
        for text in (
            "import os\nos.environ['ALPHA'] = '1'\nimport alpha",
            "import os\nos.environ.setdefault('ALPHA', '1')\nimport alpha",
            "import os\nos.environ.update(ALPHA='1')\nfrom alpha import V",
            "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport alpha",
            "import os\nname = 'X'\nos.environ[name] = '1'\nimport alpha",
            "from os import environ\nenviron['ALPHA']='1'\ndef f():\n    import alpha",
            "# %%\n# %env ALPHA=1\n# %%\nimport alpha",
            '{"cells": [{"cell_type": "code", "source": ["import os\\n", "os.environ[\\"ALPHA\\"] = \\"1\\"\\n", "import alpha"]}]}',
        ):
            with self.subTest(text):
                self.assert_not_forked(warm, text, "script.py sets environment variables before it imports")
        for text in (
            "import os, alpha\nos.environ['ALPHA'] = '1'\n",
            "import os\nif os.environ['HOME'] == '1': pass\nimport alpha",
            "import os\nos.environ['MPLBACKEND'] = 'Agg'\nos.environ.setdefault('MPLBACKEND', 'Agg')\nimport alpha",
            "import os\nos.environ['SOME_TOKEN_OF_NOBODY'] = '1'\nimport alpha\nprint(alpha.V)",
        ):
            with self.subTest(text):
                self.assertEqual(self.how(warm, FORKED + text), "forked")
        self.assertEqual(self.lines("warning"), [])

    def test_a_module_that_sets_variables_when_it_is_imported(self):
        warm = self.ready(["alpha"])
        self.write("tasks/config/__init__.py", "from . import deep\n")
        self.write("tasks/config/deep.py", "import os\nos.environ['ALPHA'] = '1'\ndef f(): pass\n")
        self.assert_not_forked(warm, "import config\nimport alpha", "deep.py sets environment variables before others are imported")
        self.write("jobs.py", "import os\nos.environ['ALPHA'] = '1'\nimport alpha\ndef go(): pass\n")
        self.assert_not_forked(warm, "", "jobs.py sets environment variables before it imports", "call", "jobs:go")
        self.write("tasks/config/deep.py", "import os\ndef f():\n    os.environ['ALPHA'] = '1'\n")
        self.assertEqual(self.how(warm, f"{FORKED}import config\nimport alpha"), "forked")

    def test_variables_that_no_import_asks_for(self):
        self.write("tasks/dotenv.py", "import os\ndef load_dotenv():\n    os.environ.update(SOME_TOKEN_OF_NOBODY='1', OTHER_TOKEN='2')\n")
        warm = self.ready(["alpha", "numpy"])
        self.assertEqual(self.how(warm, f"{FORKED}from dotenv import load_dotenv\nload_dotenv()\nimport alpha, numpy\n"), "forked")
        self.assertEqual(self.lines("warning"), [])

    def test_imports_that_go_through_all_variables(self):
        for text in ("sorted(os.environ)", "os.environ.copy()", "dict(os.environ)", "os.environ.items()", "subprocess.call('true')"):
            with self.subTest(text):
                self.installed({"alpha/__init__.py": f"import os, subprocess\nV = {text}\nlist(V if V else ())"})
                self.assert_not_forked(self.ready(["alpha"]), "import os\nos.environ['SOME_TOKEN_OF_NOBODY'] = '1'\nimport alpha", "script.py sets environment variables before it imports")

    def test_subclasses_are_asked_for(self):
        warm = self.ready(["alpha"])
        self.write("tasks/registry.py", "def all_of(base):\n    return base.__subclasses__()\n")
        self.assert_not_forked(warm, "import registry\n", "registry.py asks for the subclasses of a class")

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
        self.assertEqual(warm.misfit, reason)
        return forked.stdout

    def test_a_module_of_its_own_that_sets_variables(self):
        self.write("tasks/settings.py", "import os\nif True:\n    os.environ['ALPHA'] = 'set'\n")
        warm = self.ready(["alpha", "colorsys"])
        self.write("tasks/other.py", FORKED + "import settings, colorsys\n")
        self.assertEqual(self.forked(warm, "script", self.path("tasks/other.py")).stdout, "forked\n")
        self.assertEqual(self.given(warm, "import settings, alpha\nprint(alpha.V)\n", "alpha is imported after ALPHA was set"), "forked\nNone\n")

    def test_a_fork_that_was_made_ahead(self):
        self.write("tasks/settings.py", "import os\nif True:\n    os.environ['ALPHA'] = 'set'\n")
        warm = self.ready(["alpha"])
        warm.ahead()
        self.assertEqual(self.given(warm, "import settings, alpha\n", "alpha is imported after ALPHA was set"), "forked\n")

    def test_a_process_of_the_task(self):
        self.write("tasks/settings.py", "import os\nif True:\n    os.environ['ALPHA'] = 'set'\n")
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

    def test_a_folder_in_front_that_has_a_module(self):
        self.write("vendor/usesyaml.py", "V = 'vendored'\n")
        self.write("other/unrelated.py", "")
        self.write("data/usesyaml/x.txt", "")  # no package
        warm = self.ready(["alpha"])
        self.assertEqual(self.how(warm, FORKED + "import sys\nsys.path[:0] = ['other', 'data']\nimport alpha\nprint(alpha.part.usesyaml.V)\n"), "forked")
        self.assertEqual(self.how(warm, FORKED + "import sys\nsys.path.append('vendor')\nimport alpha\nprint(alpha.part.usesyaml.V)\n"), "forked")
        self.assertEqual(self.lines("warning"), [])
        self.given(warm, "import sys\nsys.path.insert(0, 'vendor')\nimport alpha\n", f"alpha is imported after {self.path('vendor')}, which has a module usesyaml, was put on sys.path")

    def test_a_folder_with_a_module_that_was_missing(self):
        self.installed({"alpha/__init__.py": "try: import nowhere\nexcept ImportError: nowhere = None\n"})
        self.write("vendor/nowhere.py", "")
        self.given(self.ready(["alpha"]), "import sys\nsys.path.append('vendor')\nimport alpha\n", f"alpha is imported after {self.path('vendor')}, which has a module nowhere, was put on sys.path")

    def test_an_archive_in_front(self):
        self.write("deps.zip", "")
        self.given(self.ready(["alpha"]), "import sys\nsys.path.insert(0, 'deps.zip')\nimport alpha\n", f"alpha is imported after {self.path('deps.zip')} was put on sys.path")

    def test_a_folder_that_is_gone_from_the_search_path(self):
        self.installed({"beta/__init__.py": "", "usesyaml.py": "V = 0"})
        script = f"import sys\nsys.path[:] = [each for each in sys.path if each != {self.path('site-packages')!r}]\nsys.path.append('copy')\nimport alpha\n"
        os.makedirs(self.path("copy"))
        os.symlink(self.path("site-packages/alpha"), self.path("copy/alpha"))
        # What is imported is found elsewhere; it is what it brings along that is not there any more.
        self.assertIn("ModuleNotFoundError", self.forked(self.ready(["alpha"]), "script", self.write("tasks/script.py", script)).stderr)

    def test_an_import_hook(self):
        hook = "import sys, importlib.machinery\nclass Hook:\n    @staticmethod\n    def find_spec(name, path=None, target=None):\n        return importlib.machinery.PathFinder.find_spec(name, path) if name in {names!r} else None\nsys.meta_path.{put}\n{more}"
        first, last = "insert(0, Hook)", "append(Hook)"
        warm = self.ready(["alpha"])
        self.assertEqual(self.how(warm, FORKED + hook.format(names=["other"], put=first, more="import alpha\n")), "forked")
        self.assertEqual(self.how(warm, FORKED + hook.format(names=["alpha.part"], put=last, more="import alpha\n")), "forked")
        self.assertEqual(self.lines("warning"), [])
        self.given(warm, hook.format(names=["alpha.part"], put=first, more="import alpha\n"), "alpha is imported after an import hook was installed")

    def test_a_folder_put_in_front_is_not_listed_by_the_task(self):
        self.write("other/unrelated.py", "")
        self.assertEqual(self.how(self.ready(["alpha"]), FORKED + "import sys\nsys.path.insert(0, 'other')\nimport alpha\n"), "forked")
        self.assertEqual(self.lines("listed"), [])

    def test_a_function_that_two_modules_wrap(self):
        wrapper = "import usesyaml\ndef wrap(f): return lambda: {name!r} + f()\nusesyaml.f = wrap(usesyaml.f)\n"
        self.installed({"usesyaml.py": "V = 0\ndef f(): return 'f'\n", "one.py": wrapper.format(name="1"), "two.py": wrapper.format(name="2")})
        both = "import usesyaml, one, two\nprint(usesyaml.f())\n"
        warm = self.ready(["one", "two"])
        self.assertEqual(self.how(warm, FORKED + both), "forked")
        self.assertEqual(self.lines("warning"), [])
        self.given(warm, "import usesyaml, two\nprint(usesyaml.f())\n", "two is imported after usesyaml.f was changed")

    def test_what_loads_modules_is_taken_away_before_a_task(self):
        # As start-up files do that look for modules.
        self.installed({"sitecustomize.py": "import importlib.util\n"})
        script = "import importlib, _frozen_importlib\nprint(_frozen_importlib._load_unlocked.__module__, _frozen_importlib._gcd_import.__module__)\n"
        self.assertEqual(self.how(self.ready(["alpha", "usesyaml", "fakeyaml"]), FORKED + script), "forked")

    def test_a_variable_of_a_module_that_another_would_change(self):
        self.installed({"changer.py": "import usesyaml\nusesyaml.V = 'changed'\nusesyaml.NEW = 1\n"})
        script = "import usesyaml\nprint(usesyaml.V)\nusesyaml.V = 'mine'\nimport changer\n"
        self.given(self.ready(["changer"]), script, "changer is imported after usesyaml.V was changed")

    def test_the_class_of_loggers(self):
        self.installed({"logs.py": "import logging\nlog = logging.getLogger('logs')\n"})
        script = "import logging\nclass Mine(logging.Logger): pass\nlogging.setLoggerClass(Mine)\nimport logs\n"
        self.given(self.ready(["logs"]), script, "logs is imported after the class of loggers was changed")

    def test_common_packages_are_given(self):
        script = FORKED + "import numpy, logging, sklearn.svm, matplotlib.pyplot\nprint(numpy.__version__)\n"
        self.assertEqual(self.how(self.ready(["numpy", "logging", "sklearn.svm", "matplotlib.pyplot"]), script), "forked")

    def test_packages_that_come_after_others_and_import_them(self):
        for ahead, package in (
            # Sets KMP_DUPLICATE_LIB_OK and KMP_INIT_AT_FORK: for an OpenMP that is not there, and as joblib does itself.
            ("numpy", "sklearn.tree"),
            ("matplotlib.pyplot", "sklearn.tree"),
            ("threadpoolctl", "sklearn.tree"),
            ("joblib", "sklearn.tree"),
            ("numpy", "scipy.stats"),
            # Each asks for the system's name and for what Python was built with.
            ("joblib", "matplotlib.pyplot"),
            ("matplotlib.pyplot", "scipy.stats"),
        ):
            with self.subTest(f"{package} before {ahead}"):
                script = f"{FORKED}import {package}, {ahead}, os\nprint(sorted(name for name in os.environ if name.startswith('KMP')))\n"
                self.assertEqual(self.how(self.ready([ahead]), script), "forked")
                self.assertEqual(self.lines("warning"), [])

    def test_what_the_system_is_asked_for_once(self):
        self.installed({"first.py": "import platform, sysconfig\nplatform.uname(), sysconfig.get_config_vars()\n"})
        script = f"{FORKED}import platform, sysconfig\nplatform.uname()\nsysconfig.get_config_vars()['OWN'] = '1'\nimport first\nprint(sysconfig.get_config_var('OWN'))\n"
        self.assertEqual(self.how(self.ready(["first"]), script), "forked")
        self.assertEqual(self.lines("warning"), [])

    def test_a_module_that_has_what_it_is_asked_for(self):
        names = {"lazy.py": "def __getattr__(name):\n    global Late\n    from lazy_late import Late\n    return Late\n", "lazy_late.py": "class Late: pass\n", "first.py": "import lazy\nlazy.Late\n"}
        self.installed(names)
        self.assertEqual(self.how(self.ready(["first"]), f"{FORKED}import lazy\nlazy.Late\nimport first\n"), "forked")
        self.assertEqual(self.lines("warning"), [])

    def test_modules_that_an_extension_makes(self):
        # As Cython's do: pandas and SciPy have one each, and whichever comes first is there by this name as well.
        texts = {f"{name}/__init__.py": "from . import _shared\n" for name in ("one", "two")}
        self.installed({**texts, **{f"{name}/_shared.py": "import sys\nsys.modules.setdefault('_shared', sys.modules[__name__])\n" for name in ("one", "two")}})
        script = f"{FORKED}import two, one, sys\nprint(sys.modules['_shared'].__name__, one._shared.__name__)\n"
        self.assertEqual(self.how(self.ready(["one"]), script), "forked")
        self.assertEqual(self.lines("warning"), [])

    def test_variables_that_a_module_sets_itself(self):
        # (`BETA` alone is in a Python that has the names of characters in itself, which may ask for any text in it.)
        setter = "import os\nif True:\n    os.environ.setdefault('BETA_LEVEL', '1')\n"
        self.installed({"beta/__init__.py": setter, "gamma.py": "import os\nV = os.environ.get('BETA_LEVEL')\nimport beta\n"})
        warm = self.ready(["beta", "gamma"])
        self.write("tasks/other.py", setter)
        self.assertEqual(self.how(warm, f"{FORKED}import other, beta\n"), "forked")
        self.assertEqual(self.lines("warning"), [])
        self.given(warm, "import other, gamma\n", "gamma is imported after BETA_LEVEL was set")

    def test_variables_of_libraries(self):
        """Of a family count where a library that is loaded has its name; what a process asks for as it starts, nowhere."""
        self.write("tasks/settings.py", "import os\ndef set(name):\n    os.environ[name] = '1'\n")
        warm = self.ready(["numpy"])
        for name in ("KMP_BLOCKTIME", "LD_LIBRARY_PATH", "QT_QPA_FONTDIR"):
            with self.subTest(name):
                self.assertEqual(self.how(warm, f"{FORKED}import settings\nsettings.set('{name}')\nimport numpy\n"), "forked")
        self.assertEqual(self.lines("warning"), [])
        for name in ("OMP_ANY_THING", "OPENBLAS_CORETYPE", "LC_ALL"):
            with self.subTest(name), open(self.log, "w", encoding="utf-8"):
                self.given(warm, f"import settings\nsettings.set('{name}')\nimport numpy\n", f"numpy is imported after {name} was set")

    def test_a_notebook(self):
        path = self.write("n.py", "# %%\nimport settings\n# %%\nimport alpha\nprint(alpha.V)\n")
        self.write("settings.py", "import os\nif True:\n    os.environ['ALPHA'] = 'set'\n")
        warm = self.ready(["alpha"], notebooks=True)
        self.forked(warm, "notebook", path)
        self.assertEqual([line["misfit"] for line in self.lines("observed") if "misfit" in line], ["alpha loaded before it was imported after ALPHA was set"])
        self.assertEqual(warm.misfit, "alpha is imported after ALPHA was set")


if __name__ == "__main__":
    unittest.main()
