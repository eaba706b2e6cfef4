"""What a task was seen to use, in its own process and in those that it starts."""

import os
import subprocess
import sys
import tempfile
import unittest

from task_workspace import BOOTSTRAP, TaskTest


class OwnProcess(TaskTest):
    def script(self, text):
        result = self.task("script", self.write("tasks/script.py", text))
        return result, self.observed()

    def test_modules_and_files(self):
        self.write("lib/part.py", "X = 1")
        for name in ("in.txt", "in2.txt", "both.bin", "é\"\\.txt"):
            self.write(name, "x")
        result, seen = self.script(
            """
            import os, sys
            sys.path.insert(0, os.getcwd())
            import lib.part
            open("in.txt").close()
            os.close(os.open("in2.txt", os.O_RDONLY))
            open("both.bin", "r+").close()
            open("out.txt", "w").close()
            open("out.txt").close()                  # written first: not an input
            open("appended.txt", "a").close()
            open("é\\"\\\\.txt").close()
            try: open("absent.txt")
            except OSError: pass
            os.chdir("lib"); open("../in.txt").close()
            """
        )
        self.assertEqual(result.stderr, "")
        self.assertEqual(seen["modules"], {"lib/part.py", "tasks/script.py"})
        self.assertEqual(seen["read"], {"absent.txt", "both.bin", "in.txt", "in2.txt", 'é"\\.txt'})
        self.assertEqual(seen["written"], {"appended.txt", "both.bin", "out.txt"})
        self.assertEqual(seen["imported"], set())

    def test_a_module_is_read_only_if_it_is_not_opened_to_run_or_to_show_it(self):
        for name in ("part", "main", "child", "warns", "told", "tokens", "given", "copied"):
            self.write(f"lib/{name}.py", "X = 1")
        self.write("lib/wrong.py", "X = (")
        self.write("lib/fails.py", "import warnings\nwarnings.warn('shown')\nraise ValueError")
        result, seen = self.script(
            """
            import os, runpy, shutil, subprocess, sys, tokenize, traceback
            sys.path.insert(0, os.path.abspath("lib"))
            import part, told, tokens, given, copied
            runpy.run_path("lib/main.py")
            subprocess.run([sys.executable, "lib/child.py"], check=True)
            for name in ("fails", "wrong"):
                try: __import__(name)
                except Exception: traceback.print_exc()
            open("lib/told.py").close()
            tokenize.open("lib/tokens.py").close()
            given.__loader__.get_data(given.__file__)
            shutil.copyfile("lib/copied.py", "copy.txt")
            """
        )
        self.assertEqual(result.returncode, 0)
        self.assertIn("raise ValueError", result.stderr, "a line of it is shown")
        read = {"lib/told.py", "lib/tokens.py", "lib/given.py", "lib/copied.py"}
        self.assertEqual((seen["read"], seen["loaded"]), (read, {"lib/wrong.py"}))
        self.assertLessEqual(read | {"lib/part.py", "lib/main.py", "lib/child.py", "lib/fails.py"}, seen["modules"])

    def test_a_file_opened_for_writing_is_written_unless_that_fails_or_keeps_what_is_in_it(self):
        for name in ("there", "log", "both", "cut"):
            self.write(name, "x")
        _, seen = self.script(
            """
            for name, mode in (("there", "x"), ("gone", "r+"), ("log", "a"), ("new", "a"), ("both", "a+"), ("cut", "w"), ("made", "x")):
                try: open(name, mode).close()
                except OSError: pass
            open("cut").close()
            """
        )
        self.assertEqual(seen["read"], {"there", "gone", "both"}, "who appends has not read")
        self.assertEqual((seen["written"], seen["appended"]), ({"new", "both", "cut", "made"}, {"log"}))
        _, seen = self.script("open('log', 'a').close(); open('log').close()")
        self.assertIn("log", seen["read"])

    def test_a_file_is_the_one_that_the_system_opens(self):
        for name in ("x.txt", "deep/x.txt", "d.txt", "in.txt", "lib.so"):
            self.write(name, "")
        os.mkdir(self.path("deep/sub"))
        os.symlink("deep/sub", self.path("link"))
        elsewhere = tempfile.TemporaryDirectory()
        self.addCleanup(elsewhere.cleanup)
        alias = os.path.join(elsewhere.name, "alias")
        os.symlink(self.folder, alias)
        _, seen = self.script(
            f"""
            import ctypes, os
            open("link/../x.txt").close()
            open({alias!r} + "/d.txt").close()
            os.listdir({alias!r} + "/deep")
            os.link("in.txt", "out.txt")
            try: ctypes.CDLL("./lib.so")
            except OSError: pass
            """
        )
        self.assertEqual(seen["read"], {"deep/x.txt", "d.txt", "in.txt", "lib.so"})
        self.assertEqual((seen["written"], seen["listed"]), ({"out.txt"}, {"deep": {"*"}}))

    def test_modules_that_start_up_files_import(self):
        self.write("lib/sitecustomize.py", "import startmod")
        self.write("lib/startmod.py", "")
        env = {**self.env(), "PYTHONPATH": f"{self.env()['PYTHONPATH']}{os.pathsep}{self.path('lib')}"}
        self.env = lambda *_: env
        _, seen = self.script("")
        self.assertEqual(seen["modules"], {"lib/sitecustomize.py", "lib/startmod.py", "tasks/script.py"})

    def test_a_module_from_bytecode_is_its_source(self):
        self.write("lib/part.py", "X = 1")
        self.python("-m", "compileall", "-q", "lib")
        _, seen = self.script("import os, sys; sys.path.insert(0, os.getcwd()); import lib.part")
        self.assertEqual((seen["modules"], seen["read"]), ({"lib/part.py", "tasks/script.py"}, set()))

    def test_renames_are_told(self):
        self.script(
            """
            import os
            open("out.tmp", "w").close(); os.replace("out.tmp", "final.txt")
            open("out.tmp", "w").close()
            """
        )
        told = [(kind, line[kind]) for line in self.lines("observed") for kind in ("written", "renamed") if kind in line]
        temporary, final = self.path("out.tmp"), self.path("final.txt")
        self.assertEqual(told, [("written", [temporary]), ("renamed", [temporary, final]), ("written", [temporary])])

    def test_what_is_no_part_of_the_work_is_left_out(self):
        for name in (".git/HEAD", ".runweave/x", "__pycache__/y.pyc", "venv/lib/site-packages/z.py"):
            self.write(name, "x")
        _, seen = self.script(
            """
            import runweave
            for name in (".git/HEAD", ".runweave/x", "__pycache__/y.pyc", "venv/lib/site-packages/z.py"):
                open(name).close()
            dict(runweave.params)
            runweave.log_text("a", "b")
            exec(compile("x = 1", "<string>", "exec"))
            """
        )
        self.assertEqual((seen["modules"], seen["read"], seen["written"]), ({"tasks/script.py"}, set(), set()))

    def test_a_failing_task_is_observed_too(self):
        self.write("in.txt", "x")
        result, seen = self.script("open('in.txt').close()\n1 / 0\n")
        self.assertEqual((result.returncode, seen["read"]), (1, {"in.txt"}))

    def test_packages(self):
        site = self.path("venv/lib/site-packages")
        for name in ("alpha/__init__.py", "alpha/sub.py", "beta.py", "shared/gamma/__init__.py", "unused.py"):
            self.write(f"venv/lib/site-packages/{name}", "")
        result, seen = self.script(
            f"""
            import sys; sys.path.append({site!r})
            import alpha.sub, beta, shared.gamma, json
            """
        )
        self.assertEqual(result.stderr, "")
        self.assertEqual(seen["imported"], {"alpha", "beta", "beta.py", "shared/gamma"})

    def test_where_imports_looked(self):
        self.write("lib/__init__.py", "")
        self.write("lib/part.py", "")
        self.write("first/unused.py", "")
        site = self.path("venv/lib/site-packages")
        os.makedirs(site)
        _, seen = self.script(
            f"""
            import os, sys
            sys.path[:] = [os.path.abspath("first"), os.getcwd(), *sys.path[1:], {site!r}]
            import importlib, lib.part
            importlib.import_module("colorsys")
            try: import optional
            except ImportError: pass
            """
        )
        self.assertLessEqual({"lib", "colorsys", "optional"}, seen["lookups"]["first"])
        self.assertNotIn("lib", seen["lookups"]["."], "nothing comes before a package that is there")
        self.assertEqual(seen["lookups"]["lib"], {"part"})
        self.assertEqual(seen["lookups"]["venv/lib/site-packages"], {"optional"})

    def test_where_imports_look_once_the_path_is_another(self):
        self.write("vendor/helper.py", "")
        self.write("lib/ns/mod.py", "")
        os.mkdir(self.path("tasks"))
        _, seen = self.script(
            """
            import sys
            try: import helper
            except ImportError: sys.path.insert(0, "vendor")
            import helper
            sys.path.append("lib")
            import ns.mod
            try: import ns.extra
            except ImportError: pass
            try: import none
            except ImportError: pass
            """
        )
        self.assertIn("helper", seen["lookups"]["vendor"])
        # What is found nowhere is looked for as a folder as well.
        asked = {folder: names & {"helper", "ns", "mod", "extra", "none"} for folder, names in self.folders_asked_for().items()}
        self.assertEqual(asked, {"tasks": {"helper", "ns", "none"}, "vendor": {"ns", "none"}, "lib": {"ns", "none"}, "tasks/ns": {"extra"}, "vendor/ns": {"extra"}, "lib/ns": {"extra"}})
        self.assertEqual((seen["lookups"]["tasks/ns"], seen["lookups"]["lib/ns"]), ({"mod", "extra"}, {"mod", "extra"}))

    def folders_asked_for(self):
        asked = {}
        for line in self.lines("observed"):
            for folder, names in line.get("lookups", {}).items():
                if folder.endswith(os.sep):
                    asked.setdefault(os.path.relpath(folder, self.folder), set()).update(names)
        return asked

    def test_versions_that_are_asked_for(self):
        for name in ("foo_bar-1.0", "other-2.0"):
            self.write(f"venv/lib/site-packages/{name}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name[:-4]}\nVersion: {name[-3:]}\n")
        _, seen = self.script("import importlib.metadata as m, sys; sys.path.append('venv/lib/site-packages'); m.version('foo-bar')")
        self.assertEqual(seen["imported"], {"foo_bar"})

    def test_what_is_listed_by_code_named_as_that_which_searches(self):
        places = ("importlib", "glob", "pathlib", "pkg_resources", "rmtree")
        for name in places:
            self.write(f"data/{name}/x", "")
            function = {"pathlib": "_select", "rmtree": "_rmtree"}.get(name, "names")
            self.write(f"own/{name}/{'glob' if name == 'glob' else 'lister'}.py", f"import os\ndef {function}(): os.listdir('data/{name}')\n{function}()")
        for name in ("data/asked/x", "data/globbed/x", "data/of_package/x"):
            self.write(name, "")
        self.write("venv/lib/site-packages/pkg_resources/__init__.py", "import os\ndef find(): os.listdir('data')\ndef _listdir(): os.listdir('data/of_package')")
        _, seen = self.script(
            f"""
            import glob, pathlib, runpy, sys
            from importlib.machinery import PathFinder
            glob.glob("none/*"), list(pathlib.Path("none").glob("*"))
            for name in {places!r}:
                runpy.run_path(f"own/{{name}}/{{'glob' if name == 'glob' else 'lister'}}.py")
            PathFinder.find_spec("plug", ["data/asked"])
            sys.path.insert(0, "venv/lib/site-packages")
            import pkg_resources
            pkg_resources.find(), pkg_resources._listdir()
            getattr(glob, "glob1", lambda folder, _: glob.os.listdir(folder))("data/globbed", "*")
            """
        )
        data = {folder for folder in seen["listed"] if folder.startswith("data")}
        self.assertEqual(data, {"data/asked", "data/globbed", "data/of_package", *[f"data/{name}" for name in places]})

    def test_arguments_of_run_are_no_patterns_by_themselves(self):
        self.write("data/x.csv", "")
        _, seen = self.script(
            r"""
            import glob
            from IPython.utils.path import shellglob
            shellglob(["3", "data/x.csv", "data/*.csv", r"some\!"])
            glob.glob("4")
            def shellglob(args): return [glob.glob(each) for each in args]
            shellglob(["5"])
            """
        )
        self.assertEqual(seen["listed"], {"data": {"*.csv"}, ".": {r"some\!", "4", "5"}})

    @unittest.skipUnless(sys.version_info >= (3, 12), "case_sensitive")
    def test_patterns_in_any_case(self):
        self.write("data/x", "")
        _, seen = self.script("import pathlib; list(pathlib.Path('data').glob('sub/[!a-b]*.Csv', case_sensitive=False))")
        self.assertEqual(seen["listed"], {"data": {"[sS][uU][bB]/[!a-bA-B]*.[Cc][sS][vV]"}})

    def test_what_is_listed(self):
        for name in ("data/a.csv", "data/sub/b.csv", "bare/c", "walked/deep/d", "plugins/__init__.py", ".git/HEAD"):
            self.write(name, "")
        result, seen = self.script(
            """
            import glob, importlib.metadata, os, pathlib, shutil, sys
            glob.glob("data/*.csv"), list(glob.iglob("data/*/b.csv")), glob.glob("*/**.txt"), glob.glob("data/x.csv")
            glob.glob("**/*.csv", recursive=True), glob.glob("/nowhere/*"), glob.glob("*.md", root_dir="data/sub")
            list(pathlib.Path("data").glob("[ab].csv")), list(pathlib.Path("data").rglob("*.tsv"))
            os.listdir("bare"), os.listdir(".git"), os.listdir("/"), list(os.walk("walked"))
            list(pathlib.Path("data/sub").iterdir())
            os.mkdir("gone"), shutil.rmtree("gone")
            sys.path.insert(0, os.getcwd())
            import plugins
            try: importlib.metadata.version("absent")
            except importlib.metadata.PackageNotFoundError: pass
            """
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(
            seen["listed"],
            {
                ".": {"*/**.txt", "**/*.csv"},
                "bare": {"*"},
                "data": {"*.csv", "*/b.csv", "x.csv", "[ab].csv", "**/*.tsv"},
                "data/sub": {"*.md", "*"},
                "walked": {"*"},
                "walked/deep": {"*"},
            },
        )

    def test_a_task_that_breaks_its_surroundings_is_still_observed(self):
        self.write("in.txt", "x")
        _, seen = self.script(
            "import os, sys; os.closerange(3, 64); sys.path.clear(); os.environ.clear(); os.chdir('..'); "
            f"open({self.path('in.txt')!r})"
        )
        self.assertEqual((seen["modules"], seen["read"]), ({"tasks/script.py"}, {"in.txt"}))


class Children(TaskTest):
    def script(self, text):
        """Runs a script that uses `part`, a module that reads a file named by its argument."""
        self.write("tasks/part.py", "def use(name):\n    import lazy\n    open(name).close()\n    return name")
        self.write("tasks/lazy.py", "")
        self.write("tasks/child.py", "import part; part.use('a.txt')")
        for name in "abc":
            self.write(f"{name}.txt", "")
        result = self.task("script", self.write("tasks/script.py", text))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return self.observed()

    def test_of_every_way_to_start_one(self):
        for start in (
            "subprocess.run([sys.executable, 'tasks/child.py'], check=True)",
            "subprocess.run(['/bin/sh', '-c', sys.executable + ' tasks/child.py'], check=True)",
            "multiprocessing.get_context('fork').Pool(1).map(part.use, ['a.txt'])",
            "multiprocessing.get_context('spawn').Pool(1).map(part.use, ['a.txt'])",
            "multiprocessing.get_context('forkserver').Pool(1).map(part.use, ['a.txt'])",
            "list(concurrent.futures.ProcessPoolExecutor(1).map(part.use, ['a.txt']))",
        ):
            with self.subTest(start):
                if os.path.exists(self.log):
                    os.remove(self.log)
                open(self.log, "w").close()
                seen = self.script(
                    f"import concurrent.futures, multiprocessing, os, part, subprocess, sys\nif __name__ == '__main__':\n    {start}\n"
                )
                self.assertEqual(seen["read"], {"a.txt"})
                self.assertEqual(seen["modules"] - {"tasks/child.py"}, {"tasks/script.py", "tasks/part.py", "tasks/lazy.py"})

    def test_what_they_list(self):
        seen = self.script("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import os; os.scandir(\\'tasks\\')'], check=True)")
        self.assertEqual(seen["listed"], {"tasks": {"*"}})

    @unittest.skipUnless(hasattr(os, "fork"), "fork")
    def test_that_end_without_exit_handlers(self):
        seen = self.script(
            """
            import os, part, signal
            if os.fork() == 0:
                part.use("a.txt")
                os._exit(0)
            if os.fork() == 0:
                part.use("b.txt")
                os.kill(os.getpid(), signal.SIGKILL)
            os.wait(), os.wait()
            part.use("c.txt")
            """
        )
        self.assertEqual(seen["read"], {"a.txt", "b.txt", "c.txt"})

    def test_what_another_process_of_the_task_wrote_is_no_input(self):
        seen = self.script(
            """
            import subprocess, sys
            def python(code):
                subprocess.run([sys.executable, "-c", code], check=True)
            open("of-parent.txt", "w").close()
            python("open('of-parent.txt').close(); open('of-child.txt', 'w').close()")
            python("open('of-child.txt').close()")
            open("of-child.txt").close()
            """
        )
        self.assertEqual((seen["read"], seen["written"]), (set(), {"of-parent.txt", "of-child.txt"}))

    def test_lines_of_many_at_once_are_whole(self):
        seen = self.script(
            """
            import os, subprocess, sys
            long = "x" * 200
            code = "import os, sys; os.makedirs(d := '/'.join([sys.argv[1]] * 12), exist_ok=True); [open(f'{d}/{n}-{sys.argv[2]}', 'w').close() for n in range(50)]"
            children = [subprocess.Popen([sys.executable, "-c", code, long, str(n)]) for n in range(8)]
            sys.exit(max([child.wait() for child in children]))
            """
        )
        self.assertEqual(len(seen["written"]), 400)

    def test_one_that_outlives_the_task_leaves_nothing(self):
        self.script("import os")
        os.remove(self.log)
        environment = {**self.env(), "RUNWEAVE_OBSERVE": self.log}
        code = "open('a.txt').close(); import json"
        result = subprocess.run([sys.executable, "-c", code], cwd=self.folder, env=environment, stderr=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertFalse(os.path.exists(self.log))

    def test_of_other_programs_are_not_observed(self):
        self.python("-c", "open('a.txt', 'w').close()")
        self.assertEqual(self.lines("observed"), [], "a shell task says itself what it reads")

    def test_are_as_without_observer(self):
        program = (
            "import sys; print(sys.argv, sys.path[0] == '', 'sitecustomize' in sys.modules, "
            "getattr(sys.modules.get('sitecustomize'), '__file__', None), sorted(sys.modules), flush=True)"
        )
        command = [sys.executable, "-c", program, "x"]
        bare = {**self.env(), "PYTHONPATH": ""}
        ours = {**self.env(), "RUNWEAVE_OBSERVE": self.log}
        open(self.log, "w").close()
        for custom, text in (
            (False, ""),
            (True, "import sys; sys.argv_of_custom = 1; print('custom', __name__, sys._getframe().f_globals['__spec__'].name)"),
            (True, "sys.path.insert(0, 'of-custom')"),
            (True, "raise ImportError('no', name='other')"),
        ):
            with self.subTest(text):
                if custom:
                    self.write("custom/sitecustomize.py", text)
                outputs = []
                for environment in (bare, ours):
                    path = [part for part in (environment["PYTHONPATH"], self.path("custom") if custom else "") if part]
                    environment = {**environment, "PYTHONPATH": os.pathsep.join(path)}
                    result = subprocess.run(command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    outputs.append((result.returncode, result.stdout.replace("'_runweave', '_runweave.bytecode', '_runweave.callers', '_runweave.observe', ", "").replace("'atexit', ", ""), result.stderr))
                self.assertEqual(outputs[0], outputs[1])


if __name__ == "__main__":
    unittest.main()
