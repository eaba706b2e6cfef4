"""A workspace of a test's own, in which tasks run as the executor runs them."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "python")
BOOTSTRAP = os.path.abspath(os.path.join(SOURCES, "runweave_task.py"))


def removed(temporary):
    """A kernel that is being ended may write its history until it has."""
    for _ in range(100):
        try:
            return temporary.cleanup()
        except OSError:
            time.sleep(0.1)
    return temporary.cleanup()


class TaskTest(unittest.TestCase):
    interpreter = sys.executable

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(removed, temporary)
        self.folder = os.path.realpath(temporary.name)
        self.live = self.path(".runweave/live/attempt")
        os.makedirs(self.live)
        self.log = os.path.join(self.live, "log.jsonl")
        open(self.log, "w").close()
        self.set_params({})

    def path(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text).lstrip("\n"))
        return path

    def set_params(self, params):
        with open(os.path.join(self.live, "params.json"), "w", encoding="utf-8") as file:
            json.dump(params, file)

    def env(self, inside_run=True):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("RUNWEAVE_", "PYTHON"))}
        env["PYTHONPATH"] = os.path.abspath(SOURCES)
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        if inside_run:
            env.update(
                RUNWEAVE_LOG=self.log,
                RUNWEAVE_PARAMS=os.path.join(self.live, "params.json"),
                RUNWEAVE_WORKSPACE=self.folder,
                RUNWEAVE_RUN_ID="20261120T224011Z-test-3f2a",
                RUNWEAVE_TASK="task",
            )
        return env

    def python(self, *arguments, inside_run=True):
        """Runs Python in the workspace; the result has returncode, stdout and stderr as text."""
        return subprocess.run(
            [self.interpreter, *arguments],
            cwd=self.folder,
            env=self.env(inside_run),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def code(self, text, **options):
        """Runs a program that uses the helper, without the bootstrap; it must succeed."""
        result = self.python("-c", textwrap.dedent(text), **options)
        self.assertEqual((result.returncode, result.stderr if options.get("inside_run", True) else ""), (0, ""))
        return result

    def task(self, *arguments):
        return self.python(BOOTSTRAP, *arguments)

    def lines(self, kind=None):
        """What was logged, all or of one type; every line must be strict JSON on its own."""
        if not os.path.exists(self.log):
            return []

        def never(constant):
            raise AssertionError(f"{constant} is not strict JSON")

        with open(self.log, encoding="utf-8") as file:
            lines = [json.loads(line, parse_constant=never) for line in file]
        return [line for line in lines if kind in (None, line["type"])]

    def observed(self):
        """What was observed, put together: sets of paths in the workspace, of packages and of names looked for."""
        seen = {kind: set() for kind in ("modules", "read", "loaded", "written", "appended", "imported")}
        seen["lookups"] = {}
        seen["listed"] = {}
        for line in self.lines("observed"):
            for kind in ("modules", "read", "loaded", "written", "appended"):
                paths = {os.path.relpath(file, self.folder).replace(os.sep, "/") for file in line.get(kind, ())}
                # As the executor reads them: what was written before is no input.
                seen[kind] |= paths - seen["written"] if kind in ("read", "loaded") else paths
            seen["imported"].update(*line.get("imported", {}).values())
            for kind in ("lookups", "listed"):
                for folder, names in line.get(kind, {}).items():
                    folder = os.path.relpath(folder, self.folder).replace(os.sep, "/")
                    seen[kind].setdefault(folder, set()).update(names)
        seen["loaded"] -= seen["modules"]
        return seen

    def values(self, kind):
        return {line["name"]: line["value"] for line in self.lines(kind)}

    def artifacts(self):
        """Name → bytes of each artifact."""
        contents = {}
        for line in self.lines("artifact"):
            with open(line["path"], "rb") as file:
                contents[line["name"]] = file.read()
        return contents
