"""A `call` task: a function with the task's parameters, and what it returns."""

import hashlib
import json
import os
import pickle
import unittest

from task_workspace import TaskTest


class CallTest(TaskTest):
    def call(self, source, params, target="tasks.prepare:split"):
        self.write("tasks/prepare.py", source)
        self.set_params(params)
        return self.task("call", target)


class Calls(CallTest):
    def check(self, source, params, returns, **options):
        result = self.call(source, params, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.values("return"), returns)

    def test_parameters_by_name_and_returns_by_key(self):
        source = "def split(ratio, seed=1): return {'n': ratio * 10, 'seed': seed}"
        self.check(source, {"ratio": 0.5}, {"n": 5.0, "seed": 1})

    def test_any_other_value_is_called_value(self):
        self.check("def split(): return [1, (2, None)]", {}, {"value": [1, [2, None]]})

    def test_nothing_is_returned_for_none(self):
        self.check("def split(): pass", {}, {})

    def test_keywords_of_any_name(self):
        source = "def split(a, /, b, *, c, **rest): return {**rest, 'abc': a + b + c}"
        self.check(source, {"a": 1, "b": 2, "c": 3, "d": 4}, {"d": 4, "abc": 6})

    def test_async_functions_are_awaited(self):
        self.check("import asyncio\nasync def split():\n    await asyncio.sleep(0)\n    return 5", {}, {"value": 5})

    def test_attributes_and_the_pipeline_folder_on_the_path(self):
        self.write("beside.py", "X = 3")
        source = "import beside\nclass Split:\n    @staticmethod\n    def run(): return beside.X"
        self.check(source, {}, {"value": 3}, target="tasks.prepare:Split.run")

    def test_returns_of_the_helper_count_too(self):
        self.check(
            "import runweave\ndef split():\n    runweave.returns(a=1)\n    return {'b': 2}", {}, {"a": 1, "b": 2}
        )


class Objects(CallTest):
    """Returned pickled, and given back in another process."""

    def test_round_trip(self):
        source = """
            class Model:
                def __init__(self, weights): self.weights = weights
            def split(): return {"model": Model({1: (2, 3)}), "n": 3, "ids": {4}}
            def use(model, ids, n): return [model.weights[1][1], sorted(ids), n, type(ids).__name__]
            """
        self.assertEqual(self.call(source, {}).stderr, "")
        self.assertEqual(self.values("return"), {"n": 3})
        lines = self.lines("pickled-return")
        self.assertEqual([(line["name"], line["valueType"]) for line in lines], [("model", "tasks.prepare.Model"), ("ids", "set")])
        self.give(**{line["name"]: line["path"] for line in lines}, n=3)
        result = self.task("call", "tasks.prepare:use")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.values("return")["value"], [3, [4], 3, "set"])

    def test_json_that_is_too_long_for_a_line(self):
        source = """
            def split(): return {"text": "é" * 3_000_000, "list": [(1.0, 2), "x" * 2**24], "n": 3, "short": "x" * 2**23}
            def use(text, list, n): return [len(text), repr(list[0]), len(list[1]), n]
            """
        self.assertEqual(self.call(source, {}).stderr, "")
        self.assertEqual(sorted(self.values("return")), ["n", "short"])
        lines = self.lines("pickled-return")
        self.assertEqual([(line["name"], line["valueType"]) for line in lines], [("text", "str"), ("list", "list")])
        self.give(**{line["name"]: line["path"] for line in lines}, n=3)
        result = self.task("call", "tasks.prepare:use")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.values("return")["value"], [3_000_000, "[1.0, 2]", 2**24, 3])

    def give(self, n, **paths):
        self.set_params({"n": n, **paths})
        self.pickles = [self.entry(name, path) for name, path in paths.items()]

    def entry(self, name, path):
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        return {"at": [name], "path": path, "digest": f"sha256:{digest}", "what": f"the Model that split returned as {name}"}

    def env(self, inside_run=True):
        return {**super().env(inside_run), "RUNWEAVE_PICKLES": self.write("pickles.json", json.dumps(getattr(self, "pickles", [])))}

    def unreadable(self, content, message, **changed):
        path = self.path("given.pkl")
        with open(path, "wb") as file:
            file.write(content)
        self.set_params({"model": path})
        self.pickles = [{**self.entry("model", path), **changed}]
        result = self.call("def split(model): pass", {"model": path})
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f"runweave: call tasks.prepare:split: parameter 'model': the Model that split returned as model {message.format(path=path)}\n")

    def test_other_bytes_than_were_returned_are_not_read(self):
        content = pickle.dumps(Explosive())
        self.unreadable(content, "was changed on disk; remove {path} and run again", digest="sha256:" + "0" * 64)

    def test_a_class_that_is_not_there(self):
        self.unreadable(b"cabsent\nModel\n.", "cannot be read: ModuleNotFoundError: No module named 'absent'")

    def test_a_class_that_only_the_task_that_returned_it_finds(self):
        self.write("scripts/boxes.py", "import sides, sys\nsys.path.insert(0, 'kept')\nclass Box: sides = sides.N")
        self.write("scripts/sides.py", "N = 6")
        self.write("given.pkl", "cboxes\nBox\n.")
        self.set_params({"box": self.path("given.pkl")})
        self.pickles = [{**self.entry("box", self.path("given.pkl")), "folders": [self.path("scripts")]}]
        self.write("other/task.py", "import runweave, sys\nbefore = list(sys.path)\nprint(runweave.params['box'].sides, sys.path == ['kept', *before])")
        result = self.task("script", self.path("other/task.py"))
        self.assertEqual(result.stdout, "6 True\n", result.stderr)

    def test_a_module_that_has_the_name_of_the_classes_own(self):
        for module, content in (("boxes", b"cboxes\nBox\n."), ("box.kinds", b"cbox.kinds\nBox\n.")):
            with self.subTest(module):
                first = module.split(".")[0]
                file = f"{first}/__init__.py" if first != module else f"{first}.py"
                self.write(f"scripts/{file}", "")
                self.write(f"scripts/{module.replace('.', '/')}.py", "class Box: pass")
                self.write(f"other/{file}", "")
                with open(self.path("given.pkl"), "wb") as stream:
                    stream.write(content)
                self.set_params({"box": self.path("given.pkl")})
                self.pickles = [{**self.entry("box", self.path("given.pkl")), "folders": [self.path("scripts")]}]
                self.write("other/task.py", f"import runweave, {first}\nrunweave.params['box']")
                result = self.task("script", self.path("other/task.py"))
                self.assertEqual(
                    result.stderr.splitlines()[-1],
                    f"runweave._pickles.Unreadable: the Model that split returned as box cannot be read: there are two modules called {first}: {module}.Box belongs to {self.path(f'scripts/{file}')}, "
                    f"and {self.path(f'other/{file}')} is imported here; rename one of them, or return plain data",
                )

    def test_a_file_that_is_gone(self):
        self.unreadable(b"", "is no longer there; run again", path=self.path("gone.pkl"))

    def test_nothing_is_read_before_it_is_asked_for(self):
        self.set_params({"n": 1, "model": "/nowhere"})
        self.pickles = [{"at": ["model"], "path": "/nowhere", "digest": "", "what": "it"}]
        self.write("task.py", "import runweave\nprint(runweave.params['n'], list(runweave.params), runweave.params)")
        result = self.task("script", self.path("task.py"))
        self.assertEqual(result.stdout, "1 ['n', 'model'] runweave.params({'n': 1, 'model': '/nowhere'})\n", result.stderr)

    def test_what_a_script_defines_is_refused(self):
        self.write("task.py", "import runweave\nclass Model: pass\nrunweave.returns(model=Model())")
        result = self.task("script", self.path("task.py"))
        self.assertIn("Model is defined in the script or notebook itself", result.stderr)
        self.assertEqual(self.lines("pickled-return"), [])


class Explosive:
    def __reduce__(self):
        return (print, ("it was unpickled",))


class Mistakes(CallTest):
    """One line that names function, file and parameter, on stderr and in the log; no traceback."""

    def check(self, source, params, message, **options):
        result = self.call(source, params, **options)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f"runweave: {message}\n")
        (line,) = self.lines("exception")
        self.assertEqual((line["message"], line["frames"]), (message, []))
        self.assertEqual(self.lines("return"), [])

    def test_missing_argument(self):
        self.check(
            "\ndef split(ratio): pass",
            {},
            f"call tasks.prepare:split ({os.path.join('tasks', 'prepare.py')}:1): "
            "parameter 'ratio' has no default and the task does not set it",
        )

    def test_unknown_parameter(self):
        self.check(
            "def split(ratio=1): pass",
            {"raito": 2},
            f"call tasks.prepare:split ({os.path.join('tasks', 'prepare.py')}:1): "
            "the function has no parameter 'raito'; did you mean 'ratio'?",
        )

    def test_missing_function(self):
        self.check(
            "def split(): pass",
            {},
            f"call tasks.prepare:splitt: {os.path.join('tasks', 'prepare.py')} has no 'splitt'; did you mean 'split'?",
            target="tasks.prepare:splitt",
        )

    def test_missing_module(self):
        self.check(
            "", {}, f"call tasks.absent:split: no module tasks.absent in {self.folder}", target="tasks.absent:split"
        )

    def test_not_a_function(self):
        self.check("split = 3", {}, "call tasks.prepare:split: this is not a function but int")

    def test_value_that_cannot_be_pickled(self):
        self.check(
            "def split(): return {'a': 1, 'model': (each for each in [])}",
            {},
            "call tasks.prepare:split: returned 'model': a value of type generator is not JSON and cannot be pickled "
            "(cannot pickle 'generator' object); define its class or function at the top of a module, "
            "or write it to an output file",
        )
        self.assertEqual(os.listdir(os.path.join(self.live, "artifacts")), [])

    def test_function_without_a_name(self):
        result = self.call("def split(): return lambda: 1", {})
        self.assertEqual((result.returncode, self.lines("pickled-return")), (1, []))
        self.assertRegex(
            result.stderr,
            "^runweave: call tasks.prepare:split: returned a value of type function is not JSON and cannot be pickled "
            r"\(.*<lambda>.*\); define its class or function at the top of a module, or write it to an output file\n$",
        )


class Exceptions(TaskTest):
    def test_the_traceback_starts_in_the_function(self):
        for head, target in (("def", "m:f"), ("async def", "m:f")):
            self.write("m.py", f"{head} f():\n    raise ValueError('no')\n")
            result = self.task("call", target)
            self.assertEqual(result.returncode, 1)
            first = result.stderr.splitlines()[1]
            self.assertEqual(first, f'  File "{self.path("m.py")}", line 2, in f')
            self.assertEqual(self.lines("exception")[-1]["exceptionType"], "ValueError")

    def test_an_import_that_fails_inside_the_module_is_the_modules_own(self):
        self.write("m.py", "import absent_package\n")
        result = self.task("call", "m:f")
        self.assertEqual(result.returncode, 1)
        self.assertIn("No module named 'absent_package'", result.stderr)
        self.assertIn(f'  File "{self.path("m.py")}", line 1', result.stderr)
        self.assertNotIn("_runweave", result.stderr)

    def test_exit_codes(self):
        self.write("m.py", "def f(): raise SystemExit(4)\n")
        self.assertEqual(self.task("call", "m:f").returncode, 4)
        self.assertEqual(self.lines("exception"), [])

    def test_the_module_is_observed(self):
        self.write("m.py", "def f(): open('in.txt').close()\n")
        self.write("in.txt", "x")
        self.task("call", "m:f")
        seen = self.observed()
        self.assertEqual((seen["modules"], seen["read"]), ({"m.py"}, {"in.txt"}))
        self.assertIn("m", seen["lookups"]["."])


if __name__ == "__main__":
    unittest.main()
