"""Databases of MLflow as file stores: nothing leads out, and what is bad of one run loses no other."""

import contextlib
import io
import json
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src/python/_runweave"))
import mlflow_database  # noqa: E402

A, B = "a" * 32, "b" * 32


class MlflowDatabase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="runweave-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve() / "here"
        self.folder.mkdir()
        self.file = self.folder / "mlflow.db"
        self.store = self.folder.parent / "store"

    def make(self, runs=((A, ""),), more="", experiment="0", metrics="key, value, timestamp, run_uuid, step, is_nan"):
        database = sqlite3.connect(self.file)
        self.addCleanup(database.close)
        database.executescript(
            f"CREATE TABLE experiments (experiment_id, name); CREATE TABLE tags (key, value, run_uuid); CREATE TABLE metrics ({metrics});"
            "CREATE TABLE runs (run_uuid, name, status, start_time, artifact_uri, experiment_id); CREATE TABLE params (key, value, run_uuid);"
        )
        database.execute("INSERT INTO experiments VALUES (?, 'e')", (experiment,))
        for run, uri in runs:
            database.execute("INSERT INTO runs VALUES (?, 'n', 'FINISHED', 7000, ?, ?)", (run, uri, experiment))
        database.executescript(more)
        database.commit()
        return database

    def read(self):
        self.store.mkdir()
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            mlflow_database.main(str(self.file), str(self.store))
        lines = [json.loads(line) for line in told.getvalue().splitlines()]
        files = {path.relative_to(self.store).as_posix(): path.read_text("utf-8") for path in self.store.rglob("*") if path.is_file()}
        return files, [line["note"] for line in lines if "note" in line], [(line["artifacts"], line["at"]) for line in lines if "at" in line]

    def test_names_artifacts_and_copies_none(self):
        (self.folder / "dl").mkdir()
        (self.folder / "dl" / "model.txt").write_text("m")
        self.make([(A, "./dl"), (B, (self.folder / "dl").as_uri())])
        files, notes, artifacts = self.read()
        self.assertEqual(sorted(files), [f"0/{A}/meta.yaml", f"0/{B}/meta.yaml", "0/meta.yaml"])
        self.assertEqual((notes, artifacts), ([], [(str(self.folder / "dl"), f"0/{run}/artifacts") for run in (A, B)]))

    def test_tells_of_artifacts_elsewhere_however_they_are_written(self):
        outside = self.folder.parent / "outside"
        outside.mkdir()
        (self.folder / "link").symlink_to(outside)
        uris = [str(outside), outside.as_uri(), "../outside", "link", "s3://bucket/a", "//host/share", "\\\\host\\share", "."]
        self.make([(f"{index:032x}", uri) for index, uri in enumerate(uris)])
        _, notes, artifacts = self.read()
        self.assertEqual(artifacts, [])
        self.assertEqual(notes, [f"0/{index:032x}: its artifacts are in {uri}, not in a folder below that of the database, and were left out" for index, uri in enumerate(uris)])

    def test_no_id_and_no_name_leads_out(self):
        for experiment in (str(self.folder.parent / "out"), "../out", "-", "a/b", ".", "", "a\n"):
            with self.subTest(experiment):
                self.file.unlink(missing_ok=True)
                if self.store.exists():
                    self.store.rmdir()
                self.make([(A, ".")], experiment=experiment)
                files, notes, _ = self.read()
                self.assertEqual((files, notes), ({}, [f"{experiment}: it is no id of an experiment", f"{experiment}/{A}: it is of no experiment that can be read, and was left out"]))
        self.store.rmdir()
        self.file.unlink()
        self.make([("../" + A, ""), (A, ""), (A, "x")], f"INSERT INTO tags VALUES ('../meta.yaml', 'x', '{A}'), ('a/b', '1', '{A}'), ('a//b', '2', '{A}')")
        files, notes, _ = self.read()
        self.assertEqual(sorted(files), [f"0/{A}/meta.yaml", f"0/{A}/tags/a/b", "0/meta.yaml"])
        self.assertEqual(notes, [
            f"0/../{A}: it is no id of a run",
            f"0/{A}/tags/../meta.yaml: it leads out of its folder",
            f"0/{A}/tags/a/b: there is another of this name, and it was left out",
            f"0/{A}: there is another run with this id, and it was left out",
        ])

    def test_what_is_bad_of_one_run_loses_no_other(self):
        for uri, said in (("http://[x", "Invalid IPv6 URL"), ("a\0b", "embedded null ")):
            with self.subTest(uri):
                self.file.unlink(missing_ok=True)
                self.store = self.store.with_name(f"{self.store.name}-")
                self.make([(A, uri), (B, "")], f"""
                    UPDATE runs SET name = x'ff00' WHERE run_uuid = '{A}';
                    INSERT INTO params VALUES ('p', x'ff', '{A}'), ('q', NULL, '{A}'), ('p', '1', '{B}');
                    INSERT INTO metrics VALUES ('m', NULL, 1, '{A}', 0, 0), ('m', 'x', 1, '{A}', 0, 0), ('m', 2, 3, '{A}', 4, 0), ('m', 2, '3 4', '{A}', 4, 0), ('n', NULL, 1, '{A}', 0, 1);
                """)
                files, notes, _ = self.read()
                self.assertEqual({name: content for name, content in files.items() if "meta" not in name}, {
                    f"0/{A}/params/p": "\ufffd", f"0/{A}/params/q": "", f"0/{A}/metrics/m": "3 2.0 4\n", f"0/{A}/metrics/n": "1 nan 0\n", f"0/{B}/params/p": "1",
                })
                self.assertEqual(notes[0], f"0/{A}/metrics/m: 3 of its points can't be read, and were left out")
                self.assertRegex(notes[1], f"^0/{A}: its artifacts can't be read: .*{said}")
                self.assertEqual(len(notes), 2)

    def test_columns_that_are_missing(self):
        self.make(more=f"INSERT INTO metrics VALUES ('m', 1, '{A}')", metrics="key, value, run_uuid")
        self.assertEqual(self.read()[0][f"0/{A}/metrics/m"], "7000 1.0 0\n")
        self.file.unlink()
        self.store = self.folder.parent / "other"
        self.make(metrics="name")
        files, notes, _ = self.read()
        self.assertIn(f"0/{A}/meta.yaml", files)
        self.assertEqual(notes, [f"0/{A}: its metrics can't be read: no such column: run_uuid"])

    def test_a_view_is_no_table(self):
        self.make(more="DROP TABLE params; CREATE VIEW params AS WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT 'k' AS key, 'v' AS value, x AS run_uuid FROM c")
        with self.assertRaisesRegex(SystemExit, "none of MLflow's"):
            self.read()

    def test_rows_and_notes_have_limits(self):
        self.make(more=f"INSERT INTO params VALUES ('a', '', '{A}'), ('b', '', '{A}'), ('c', '', '{A}'); INSERT INTO tags VALUES ('../a', '', '{A}'), ('../b', '', '{A}')")
        with patch.multiple(mlflow_database, MOST_ROWS=2, MOST_NOTES=2):
            files, notes, _ = self.read()
        self.assertEqual(sorted(name for name in files if "params" in name), [f"0/{A}/params/a", f"0/{A}/params/b"])
        self.assertEqual(notes, [f"0/{A}: of its params the first 2 were taken", f"0/{A}/tags/../a: it leads out of its folder", "1 more things were left out"])

    def test_a_training_writes_while_it_is_read(self):
        for mode in ("delete", "wal"):
            with self.subTest(mode):
                self.file = self.folder / f"{mode}.db"
                writer = self.make([(A, ""), (B, "")])
                writer.execute(f"PRAGMA journal_mode = {mode}")
                writer.execute("PRAGMA busy_timeout = 0")
                reading = mlflow_database.rows(mlflow_database.snapshot_of(str(self.file)), "SELECT * FROM runs")
                next(reading)
                writer.execute("DELETE FROM runs")
                writer.commit()
                self.assertEqual([run["run_uuid"] for run in reading], [B])


if __name__ == "__main__":
    unittest.main()
