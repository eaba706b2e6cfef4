"""A `python` task runs as `python script.py` does."""

import os
import subprocess
import sys
import unittest

from task_workspace import BOOTSTRAP, TaskTest


class AsBarePython(TaskTest):
    """Each script must print the same and end the same, with and without the bootstrap."""

    def check(self, script, *arguments, name="tasks/script.py"):
        path = self.write(name, script)
        bare = self.python(path, *arguments)
        task = self.task("script", path, *arguments)
        self.assertEqual((task.returncode, task.stdout, task.stderr), (bare.returncode, bare.stdout, bare.stderr))
        return bare

    def test_namespace_arguments_and_path(self):
        bare = self.check(
            '''
            """Docs."""
            import sys
            print(sys.argv, sys.path, __name__, __file__, __doc__, __spec__, __package__)
            print(sorted(globals()), type(__loader__).__name__, __builtins__)
            print(sys.modules["__main__"].__dict__ is globals())
            ''',
            "--flag",
            "a b",
        )
        self.assertEqual(bare.returncode, 0)

    def test_a_module_beside_the_script_is_found(self):
        self.write("tasks/beside.py", "VALUE = 7")
        self.assertEqual(self.check("import beside; print(beside.VALUE)").stdout, "7\n")

    def test_exit_codes(self):
        for code in ("3", "0", "None", "'a message'", "True"):
            self.check(f"import sys; print('out'); sys.exit({code})")

    def test_tracebacks_have_no_frames_of_ours(self):
        bare = self.check(
            """
            def f():
                raise ValueError("no")
            try:
                f()
            except ValueError as error:
                raise KeyError("caused") from error
            """
        )
        self.assertEqual(bare.returncode, 1)

    def test_syntax_errors(self):
        self.check("print(1)\ndef f(:\n  pass\n")

    def test_missing_script(self):
        result = self.task("script", self.path("gone.py"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("can't open file", result.stderr)

    def test_an_excepthook_of_the_script_is_used(self):
        self.check("import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\n1 / 0\n")

    def test_order_of_traceback_threads_and_exit_handlers(self):
        self.check(
            """
            import atexit, threading, time
            atexit.register(print, "exit handler")
            threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
            1 / 0
            """
        )

    def test_futures_of_ours_do_not_leak_into_the_script(self):
        self.check("def f(x: undefined = 1): pass\n" if sys.version_info < (3, 14) else "print(1)\n")

    def test_keyboard_interrupt(self):
        self.check("raise KeyboardInterrupt\n")

    def test_pickle_and_processes_find_main(self):
        self.check(
            """
            import multiprocessing, pickle
            class Point:
                def __init__(self, x): self.x = x
            def double(point): return Point(point.x * 2)
            if __name__ == "__main__":
                print(pickle.loads(pickle.dumps(Point(3))).x)
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(pool.map(double, [Point(4)])[0].x)
            """
        )

    @unittest.skipUnless(hasattr(os, "symlink") and os.name == "posix", "symbolic links")
    def test_a_linked_script_has_the_folder_of_its_target_first(self):
        self.write("real/beside.py", "VALUE = 7")
        os.makedirs(self.path("tasks"))
        target = self.write("real/script.py", "import beside, sys; print(sys.path[0], sys.argv, __file__)")
        link = self.path("tasks/link.py")
        os.symlink(target, link)
        bare = self.python(link)
        self.assertEqual(self.task("script", link).stdout, bare.stdout)


class Reports(TaskTest):
    def test_an_exception_has_type_message_and_frames_of_the_workspace(self):
        script = self.write("tasks/script.py", "import json\ndef f():\n    json.loads('{')\nf()\n")
        self.task("script", script)
        (line,) = self.lines("exception")
        self.assertEqual(line["exceptionType"], "json.decoder.JSONDecodeError")
        self.assertIn("Expecting property name", line["message"])
        self.assertIn("in loads", line["stacktrace"])
        self.assertNotIn("_runweave", line["stacktrace"])
        self.assertEqual(
            line["frames"],
            [{"file": script, "line": 4, "function": "<module>"}, {"file": script, "line": 3, "function": "f"}],
        )

    def test_an_exception_of_a_library_is_followed_to_where_it_came_from(self):
        self.write(
            "site-packages/wrap.py",
            """
            def wrap(function):
                try:
                    function()
                except Exception as error:
                    raise RuntimeError("outer") from error
            """,
        )
        script = self.write(
            "a.py",
            """
            import os, sys
            sys.path.insert(0, os.path.abspath("site-packages"))
            from wrap import wrap
            def fails():
                raise ValueError("inner")
            wrap(fails)
            """,
        )
        self.task("script", script)
        (exception,) = self.lines("exception")
        self.assertEqual(exception["exceptionType"], "RuntimeError")
        self.assertEqual(
            [(frame["function"], frame["line"]) for frame in exception["frames"]], [("<module>", 6), ("fails", 5)]
        )

    @unittest.skipIf(sys.version_info < (3, 11), "exception groups came with Python 3.11")
    def test_of_an_exception_group_the_first_is_followed(self):
        script = self.write(
            "a.py",
            """
            import asyncio
            async def fails():
                raise ValueError("inner")
            async def main():
                async with asyncio.TaskGroup() as group:
                    group.create_task(fails())
            asyncio.run(main())
            """,
        )
        self.task("script", script)
        (exception,) = self.lines("exception")
        self.assertEqual(exception["exceptionType"], "ExceptionGroup")
        self.assertEqual(exception["frames"][-1], {"file": script, "line": 3, "function": "fails"})
        self.assertIn("ValueError: inner", exception["stacktrace"])

    def test_warnings_that_are_shown_are_told(self):
        self.write(
            "a.py",
            """
            import warnings
            warnings.warn('quote " and ä', FutureWarning)
            for _ in range(3):
                warnings.warn("again")
            with warnings.catch_warnings(record=True):
                warnings.warn("caught")
            warnings.simplefilter("ignore")
            warnings.warn("hidden")
            warnings.simplefilter("always")
            for _ in range(2):
                warnings.warn("always")
            """,
        )
        result = self.task("script", self.path("a.py"))
        told = [(w["category"], w["message"], os.path.basename(w["file"]), w["line"]) for w in self.lines("warning")]
        self.assertEqual(
            told,
            [
                ("FutureWarning", 'quote " and ä', "a.py", 2),
                ("UserWarning", "again", "a.py", 4),
                ("UserWarning", "always", "a.py", 11),
                ("UserWarning", "always", "a.py", 11),
            ],
        )
        self.assertIn("FutureWarning: quote", result.stderr)

    def test_a_syntax_error_names_its_line(self):
        script = self.write("script.py", "x = 1\nif\n")
        self.task("script", script)
        (line,) = self.lines("exception")
        self.assertEqual(line["exceptionType"], "SyntaxError")
        self.assertEqual([(f["file"], f["line"]) for f in line["frames"]], [(script, 2)])

    def test_leaving_with_a_code_is_no_exception(self):
        self.task("script", self.write("script.py", "raise SystemExit(3)"))
        self.assertEqual(self.lines("exception"), [])
        self.assertEqual(self.observed()["modules"], {"script.py"})

    @unittest.skipUnless(hasattr(os, "fork"), "fork")
    def test_the_exception_of_a_forked_child_is_not_the_tasks(self):
        script = self.write("script.py", "import os\nif os.fork() == 0:\n    1 / 0\nos.wait()\n")
        self.assertEqual(self.task("script", script).returncode, 0)
        self.assertEqual(self.lines("exception"), [])


class Killed(TaskTest):
    @unittest.skipUnless(os.name == "posix", "signals")
    def test_a_signal_ends_a_script_as_it_ends_bare_python(self):
        script = self.write("script.py", "import time; print('up', flush=True); time.sleep(60)")
        command = [sys.executable, BOOTSTRAP, "script", script]
        with subprocess.Popen(command, env=self.env(), stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            process.terminate()
        self.assertEqual(process.returncode, -15)


if __name__ == "__main__":
    unittest.main()
