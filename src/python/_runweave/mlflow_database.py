"""The runs of an MLflow database (SQLite) as a file store, which is read by the importer: `mlflow_database.py DATABASE FOLDER`.

The database is untrusted: it is opened for reading alone, no name leads out of FOLDER, and artifacts are named only
where they lie below the database's own folder. What is bad of one run loses no other. Prints lines of JSON: `note` for
each thing that was left out, `artifacts` with the folder that stands for one in FOLDER (`at`), which is not copied.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

# How MLflow stores infinities, and with `is_nan` what is no number.
LARGEST = 1.7976931348623157e308
# Of one run in one table.
MOST_ROWS = 1_000_000
MOST_NOTES = 1000

Row = dict[str, object]


class Notes:
    def __init__(self) -> None:
        self.count = 0

    def add(self, where: str, what: object) -> None:
        self.count += 1
        if self.count <= MOST_NOTES:
            print(json.dumps({"note": f"{where}: {what}"}))

    def end(self) -> None:
        if self.count > MOST_NOTES:
            print(json.dumps({"note": f"{self.count - MOST_NOTES} more things were left out"}))


class Store:
    def __init__(self, folder: str, notes: Notes) -> None:
        self.folder = Path(folder).resolve()
        self.notes = notes

    def write(self, parts: list[str], content: str) -> None:
        """The last part may name folders, and leads out of none of the others."""
        base = self.folder.joinpath(*parts[:-1])
        path = Path(os.path.normpath(base / parts[-1]))
        try:
            if base not in path.parents or "\0" in str(path):
                raise ValueError("it leads out of its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            # Exclusive: a name that another one has already, as on a file system that ignores case, is left out.
            with open(path, "x", encoding="utf-8") as file:
                file.write(content)
        except FileExistsError:
            self.notes.add("/".join(parts), "there is another of this name, and it was left out")
        except (OSError, ValueError) as error:
            self.notes.add("/".join(parts), getattr(error, "strerror", None) or error)


def text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def number(value: object, is_nan: object) -> str:
    """Raises TypeError or ValueError when it is none."""
    if is_nan:
        return "nan"
    real = float(value)  # type: ignore[arg-type]
    return repr(real) if abs(real) < LARGEST else "inf" if real > 0 else "-inf"


def rows(database: sqlite3.Connection, query: str, *values: object) -> Iterator[Row]:
    return ({name: row[name] for name in row.keys()} for row in database.execute(query, values))


def snapshot_of(file: str) -> sqlite3.Connection:
    """The database as it is now, in a temporary one: a training that writes to it waits for this alone."""
    snapshot = sqlite3.connect("")
    database = sqlite3.connect(f"{Path(file).resolve().as_uri()}?mode=ro", uri=True)
    try:
        database.backup(snapshot)
    finally:
        database.close()
    snapshot.execute("PRAGMA trusted_schema = OFF")
    snapshot.row_factory = sqlite3.Row
    # Text that is not UTF-8 is not worth the rest.
    snapshot.text_factory = lambda content: content.decode("utf-8", "replace")
    return snapshot


def artifact_folder(uri: str, beside: Path) -> Path | None:
    """`None`: not below `beside`. There need not be such a folder. Raises ValueError and OSError."""
    parts = urlsplit(uri)
    if parts.scheme not in ("", "file") and len(parts.scheme) > 1:
        return None
    path = url2pathname(unquote(parts.path)) if parts.scheme == "file" else uri
    # To ask for such a path of Windows is to call a foreign computer.
    if path.startswith(("\\\\", "//")):
        return None
    resolved = (beside / path).resolve()
    return resolved if beside in resolved.parents else None


class Reader:
    def __init__(self, database: sqlite3.Connection, store: Store, notes: Notes, beside: Path) -> None:
        self.database = database
        self.store = store
        self.notes = notes
        self.beside = beside
        points = {row["name"] for row in database.execute("PRAGMA table_info(metrics)")}
        # Databases of earlier versions have no steps.
        self.order = ", ".join(name for name in ("timestamp", "step") if name in points) or "rowid"

    def experiments(self) -> set[str]:
        ids: set[str] = set()
        for experiment in rows(self.database, "SELECT * FROM experiments"):
            of = text(experiment.get("experiment_id"))
            if re.fullmatch(r"\w[\w-]*", of, re.ASCII) is None:
                self.notes.add(of, "it is no id of an experiment")
            elif of in ids:
                self.notes.add(of, "there is another experiment with this id, and it was left out")
            else:
                ids.add(of)
                self.store.write([of, "meta.yaml"], json.dumps({**experiment, "experiment_id": of}, default=text))
        return ids

    def runs(self, experiments: set[str]) -> None:
        ids: set[str] = set()
        for run in rows(self.database, "SELECT * FROM runs"):
            run_id, of = text(run.pop("run_uuid", None)), text(run.get("experiment_id"))
            where = f"{of}/{run_id}"
            # The importer, too, knows a run's folder by this.
            if re.fullmatch("[0-9a-f]{32}", run_id) is None:
                self.notes.add(where, "it is no id of a run")
            elif of not in experiments:
                self.notes.add(where, "it is of no experiment that can be read, and was left out")
            elif run_id in ids:
                self.notes.add(where, "there is another run with this id, and it was left out")
            else:
                ids.add(run_id)
                self.run([of, run_id], run)

    def run(self, place: list[str], run: Row) -> None:
        of, run_id = place
        self.store.write([*place, "meta.yaml"], json.dumps({**run, "run_id": run_id, "run_name": run.pop("name", None), "experiment_id": of}, default=text))
        for what, read in (("params", self.texts), ("tags", self.texts), ("metrics", self.metrics), ("artifacts", self.artifacts)):
            try:
                read(place, what, run)
            except (sqlite3.Error, OSError, ValueError) as error:
                self.notes.add(f"{of}/{run_id}", f"its {what} can't be read: {error}")

    def rows_of(self, place: list[str], table: str, order: str) -> Iterator[Row]:
        found = rows(self.database, f"SELECT * FROM {table} WHERE run_uuid = ? ORDER BY {order} LIMIT {MOST_ROWS + 1}", place[1])
        for count, row in enumerate(found):
            if count == MOST_ROWS:
                self.notes.add("/".join(place), f"of its {table} the first {MOST_ROWS} were taken")
                return
            yield row

    def texts(self, place: list[str], table: str, _run: Row) -> None:
        for row in self.rows_of(place, table, "key"):
            self.store.write([*place, table, text(row["key"])], text(row.get("value")))

    def metrics(self, place: list[str], table: str, run: Row) -> None:
        points: dict[str, list[str]] = {}
        bad: Counter[str] = Counter()
        try:
            for row in self.rows_of(place, table, self.order):
                key = text(row.get("key"))
                try:
                    # Neither may have blanks in it: they part the fields.
                    timestamp, step = int(row.get("timestamp", run.get("start_time"))), int(row.get("step", 0))  # type: ignore[call-overload]
                    points.setdefault(key, []).append(f"{timestamp} {number(row.get('value'), row.get('is_nan'))} {step}\n")
                except (TypeError, ValueError, OverflowError):
                    bad[key] += 1
        finally:
            for key, lines in points.items():
                self.store.write([*place, table, key], "".join(lines))
            for key, count in bad.items():
                self.notes.add("/".join([*place, table, key]), f"{count} of its points can't be read, and {'was' if count == 1 else 'were'} left out")

    def artifacts(self, place: list[str], what: str, run: Row) -> None:
        uri = text(run.get("artifact_uri"))
        if uri == "":
            return
        folder = artifact_folder(uri, self.beside)
        if folder is None:
            self.notes.add("/".join(place), f"its artifacts are in {uri}, not in a folder below that of the database, and were left out")
        elif folder.is_dir():
            print(json.dumps({"artifacts": str(folder), "at": "/".join([*place, what])}))


def main(file: str, folder: str) -> None:
    notes = Notes()
    database = snapshot_of(file)
    # A view may be without end.
    tables = {row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"experiments", "runs", "params", "metrics", "tags"} <= tables:
        sys.exit("it is an SQLite database, and none of MLflow's")
    reader = Reader(database, Store(folder, notes), notes, Path(file).resolve().parent)
    experiments = reader.experiments()
    try:
        reader.runs(experiments)
    except sqlite3.Error as error:
        notes.add("runs", f"they can't be read to the end: {error}")
    notes.end()


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2])
    except (sqlite3.Error, OSError) as error:
        sys.exit(f"it can't be read: {error}")
