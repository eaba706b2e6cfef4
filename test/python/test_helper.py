"""`import runweave`: what arrives in the log."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

from task_workspace import TaskTest


class Metrics(TaskTest):
    def test_a_metric_has_name_value_step_and_time(self):
        before = time.time_ns()
        self.code("import runweave; runweave.log_metric('loss', 0.25, step=3)")
        (line,) = self.lines()
        self.assertLessEqual(before, int(line.pop("time")))
        self.assertEqual(line, {"type": "metric", "name": "loss", "value": 0.25, "step": 3})

    def test_what_json_has_no_number_for_is_text(self):
        self.code(
            """
            import runweave
            runweave.log_metrics({"a": float("nan"), "b": float("inf"), "c": -float("inf"), "d": 10**400, "e": True})
            """
        )
        self.assertEqual(
            self.values("metric"), {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": "Infinity", "e": 1}
        )

    def test_numbers_of_other_libraries_are_accepted(self):
        # As NumPy and PyTorch scalars behave, without needing them.
        self.code(
            """
            import decimal, runweave
            class Scalar:
                def __init__(self, value): self.value = value
                def item(self): return self.value
            runweave.log_metrics({"a": Scalar(0.5), "b": Scalar(7), "c": decimal.Decimal("1.5")}, step=2.0)
            """
        )
        self.assertEqual(self.values("metric"), {"a": 0.5, "b": 7, "c": 1.5})
        self.assertEqual([line["step"] for line in self.lines()], [2, 2, 2])

    def test_what_is_no_number_is_refused(self):
        self.code(
            """
            import runweave
            for bad in ("0.5", [1], None, object()):
                try:
                    runweave.log_metric("a", bad)
                except TypeError as error:
                    assert "must be" in str(error), error
                else:
                    raise AssertionError(bad)
            try:
                runweave.log_metric("a", 1, step=0.5)
            except TypeError:
                pass
            else:
                raise AssertionError("step")
            """
        )
        self.assertEqual(self.lines(), [])

    def test_a_point_costs_one_write_to_a_file_that_stays_open(self):
        # What it takes in time: bench/helper.py.
        result = self.code(
            """
            import json, os, sys
            calls = []
            real = os.write
            os.write = lambda descriptor, data: calls.append("write") or real(descriptor, data)
            for name in ("fsync", "fdatasync"):
                setattr(os, name, lambda descriptor, name=name: calls.append(name))
            log = os.environ["RUNWEAVE_LOG"]
            sys.addaudithook(lambda event, arguments: calls.append("open") if event == "open" and arguments[0] == log else None)
            import runweave
            for step in range(1000):
                runweave.log_metric("loss", 1 / (step + 1), step=step)
            print(json.dumps({name: calls.count(name) for name in calls}))
            """
        )
        self.assertEqual(len(self.lines("metric")), 1000)
        self.assertEqual(json.loads(result.stdout), {"open": 1, "write": 1000})


class Values(TaskTest):
    def test_params_tags_and_returns(self):
        self.code(
            """
            import pathlib, runweave
            runweave.log_param("layers", (64, 32))
            runweave.log_params({"optimizer": object, "rate": float("nan")})
            runweave.set_tag("stage", 3)
            runweave.returns(n=400, file=pathlib.PurePosixPath("a/b"), nested={"x": [1, None, True]})
            """
        )
        self.assertEqual(self.values("param"), {"layers": [64, 32], "optimizer": "<class 'object'>", "rate": "NaN"})
        self.assertEqual(self.values("tag"), {"stage": "3"})
        self.assertEqual(self.values("return"), {"n": 400, "file": "a/b", "nested": {"x": [1, None, True]}})

    def test_a_value_that_cannot_be_passed_on_is_not_returned(self):
        self.code(
            """
            import runweave
            try:
                runweave.returns(ok=1, model=(each for each in []))
            except TypeError as error:
                assert "model" in str(error) and "generator" in str(error), error
            else:
                raise AssertionError
            """
        )
        self.assertEqual(self.lines(), [])

    def test_a_value_that_is_nested_too_deeply_for_a_line_is_an_object(self):
        self.code(
            """
            import runweave
            def nested(levels):
                return [nested(levels - 1)] if levels else 1
            runweave.returns(line=nested(190), object=nested(191))
            try:
                runweave.returns(deep=nested(500))
            except TypeError as error:
                assert "deep" in str(error) and "recursion" in str(error), error
            else:
                raise AssertionError
            """
        )
        self.assertEqual({each["name"]: each["type"] for each in self.lines()}, {"line": "return", "object": "pickled-return"})

    def test_numbers_that_json_does_not_keep_are_text_and_that_is_said(self):
        program = """
            import runweave
            runweave.log_params({"n": 2**53 + 1, "of": [-2**63]})
            runweave.returns(kept=[2**53, -2**53])
            runweave.returns(n=2**53 + 1)
            runweave.returns(of={"a": [1, -2**63, float("nan")]})
            """
        path = self.write("script.py", program)
        result = self.task("script", path)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(self.values("param"), {"n": "9007199254740993", "of": ["-9223372036854775808"]})
        self.assertEqual(self.values("return"), {"kept": [2**53, -(2**53)], "n": "9007199254740993", "of": {"a": [1, "-9223372036854775808", "NaN"]}})
        told = [(line["message"], line["file"], line["line"]) for line in self.lines("warning")]
        self.assertEqual(
            told,
            [
                ("returned 'n': 9007199254740993 is no number that JSON keeps, and is handed on as text", path, 4),
                ("returned 'of': -9223372036854775808 is no number that JSON keeps, and is handed on as text", path, 5),
            ],
        )

    def test_any_text_survives(self):
        self.code(r"""import runweave; runweave.set_tag("a\n\"é😀\x00", "\ud800 \u2028")""")
        self.assertEqual(self.values("tag"), {'a\n"é😀\x00': "\ud800 \u2028"})

    def test_params_are_a_read_only_mapping(self):
        self.set_params({"rate": 0.5, "sizes": [1, 2]})
        self.code(
            """
            import runweave
            assert dict(runweave.params) == {"rate": 0.5, "sizes": [1, 2]} and len(runweave.params) == 2
            assert runweave.params.get("none", 7) == 7 and "rate" in runweave.params
            assert (runweave.run_id, runweave.task) == ("20261120T224011Z-test-3f2a", "task")
            try:
                runweave.params["raet"]
            except KeyError as error:
                assert "rate, sizes" in str(error)
            try:
                runweave.params["rate"] = 1
            except TypeError:
                pass
            else:
                raise AssertionError
            """
        )


class Artifacts(TaskTest):
    def test_a_file_may_be_overwritten_and_deleted_afterwards(self):
        self.code(
            """
            import os, runweave
            for text in ("one", "two"):
                with open("result.csv", "w") as file:
                    file.write(text)
                runweave.log_artifact("result.csv")
            os.remove("result.csv")
            """
        )
        first, second = self.lines("artifact")
        self.assertEqual((first["name"], first["mediaType"]), ("result.csv", "text/csv"))
        self.assertTrue(os.path.isabs(first["path"]) and first["path"].startswith(self.live))
        texts = []
        for line in (first, second):
            with open(line["path"], encoding="utf-8") as file:
                texts.append(file.read())
        self.assertEqual(texts, ["one", "two"])

    def test_bytes_text_folders_and_tables(self):
        self.write("plots/a/x.txt", "x")
        self.write("plots/y.bin", "y")
        self.code(
            """
            import runweave
            runweave.log_artifact(b"raw", name="deep/../weird name\\u00e9.bin")
            runweave.log_text("note", "gr\\u00fcn")
            runweave.log_artifact("plots")
            runweave.log_table("rows", [{"a": 1, "b": "x,y"}, {"a": 2, "c": None}])
            runweave.log_table("columns.json", {"a": [1, 2], "b": [float("nan"), "z"]})
            """
        )
        artifacts = self.artifacts()
        self.assertEqual(artifacts["deep/../weird nameé.bin"], b"raw")
        self.assertEqual(artifacts["note.txt"].decode(), "grün")
        self.assertEqual((artifacts["plots/a/x.txt"], artifacts["plots/y.bin"]), (b"x", b"y"))
        self.assertEqual(artifacts["rows.csv"].decode(), 'a,b,c\n1,"x,y",\n2,,\n')
        self.assertIn(b'"b": "NaN"', artifacts["columns.json"])
        for line in self.lines("artifact"):
            self.assertEqual(os.path.dirname(line["path"]), os.path.join(self.live, "artifacts"))

    def test_figures_are_told_apart_by_what_they_can_do(self):
        self.code(
            """
            import runweave
            class Matplotlib:
                def savefig(self, file, format, **options): file.write(format.encode())
            class Axes:
                def get_figure(self): return Matplotlib()
            class Plotly:
                def to_plotly_json(self): return {}
                def to_json(self): return "{}"
                def to_html(self): return "<p>"
            class Pillow:
                def getbands(self): return "L"
                def save(self, file, format): file.write(format.encode())
            runweave.log_figure("a", Matplotlib())
            runweave.log_figure("b.svg", Axes())
            runweave.log_figure("c", Plotly())
            runweave.log_figure("d.html", Plotly())
            runweave.log_figure("e.jpg", Pillow())
            try:
                runweave.log_figure("f", 1)
            except TypeError:
                pass
            else:
                raise AssertionError
            """
        )
        self.assertEqual(
            self.artifacts(),
            {"a.png": b"png", "b.svg": b"svg", "c.plotly.json": b"{}", "d.html": b"<p>", "e.jpg": b"JPEG"},
        )


class Processes(TaskTest):
    def test_threads_and_forks_tear_no_line(self):
        self.code(
            """
            import os, runweave, threading
            def work(name):
                for step in range(500):
                    runweave.log_metrics({name: step, name + "-long" * 50: step}, step=step)
            children = []
            if hasattr(os, "fork"):
                for child in range(3):
                    children.append(os.fork())
                    if children[-1] == 0:
                        work(f"child {child}")
                        os._exit(0)
            threads = [threading.Thread(target=work, args=(f"thread {i}",)) for i in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            for child in children: assert os.waitpid(child, 0)[1] == 0
            """
        )
        writers = 7 if hasattr(os, "fork") else 4
        self.assertEqual(len(self.lines("metric")), writers * 500 * 2)

    def test_a_process_that_is_killed_after_a_call_has_lost_nothing(self):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import runweave, time\n"
                "for i in range(1000): runweave.log_metric('a', i)\n"
                "runweave.log_text('note', 'kept')\n"
                "print('done', flush=True); time.sleep(60)",
            ],
            env=self.env(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
        )
        with process:
            self.assertEqual(process.stdout.readline().strip(), b"done")
            process.kill()
        if os.name == "posix":
            self.assertEqual(process.returncode, -signal.SIGKILL)
        self.assertEqual(len(self.lines("metric")), 1000)
        self.assertEqual(self.artifacts(), {"note.txt": b"kept"})

    def test_outside_a_run_it_says_so_once_and_does_nothing(self):
        result = self.code(
            """
            import runweave
            runweave.log_metric("a", 1); runweave.log_metric("a", 2); runweave.log_param("b", 1)
            runweave.log_text("c", "d"); runweave.returns(x=1); runweave.set_tag("a", "b")
            assert not runweave.params and runweave.run_id is None
            """,
            inside_run=False,
        )
        self.assertEqual(result.stderr.splitlines(), ["runweave: not inside a run, so nothing is recorded"])
        self.assertEqual(self.lines(), [])

    def test_the_helper_imports_nothing_heavy(self):
        result = self.code("import sys, runweave; print(sorted({'json', 're', 'typing', 'shutil'} & set(sys.modules)))")
        bare = self.code("import sys; print(sorted({'json', 're', 'typing', 'shutil'} & set(sys.modules)))")
        self.assertEqual(result.stdout, bare.stdout)


if __name__ == "__main__":
    unittest.main()
