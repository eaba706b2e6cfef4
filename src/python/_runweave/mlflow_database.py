"""The runs of an MLflow database (SQLite) as a file store, which is read by the importer: `mlflow_database.py DATABASE FOLDER`.

The database is untrusted: it is opened for reading alone, no name leads out of FOLDER, and artifacts are taken from
below the database's own folder only. Prints a line for each thing that was left out.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

# How MLflow stores infinities, and with `is_nan` what is no number.
LARGEST = 1.7976931348623157e308


class Store:
    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).resolve()

    def write(self, parts: list[str], text: str) -> None:
        path = Path(os.path.normpath(self.folder.joinpath(*parts)))
        # Exclusive: a name that another one has already, as on a file system that ignores case, is left out.
        try:
            if self.folder not in path.parents or "\0" in str(path):
                raise OSError("it leads out of its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
        except (OSError, ValueError) as error:
            print(f"{'/'.join(parts)}: {getattr(error, 'strerror', None) or error}")


def number(value: float, is_nan: object) -> str:
    if is_nan:
        return "nan"
    return repr(value) if abs(value) < LARGEST else "inf" if value > 0 else "-inf"


def rows(database: sqlite3.Connection, query: str, *values: object) -> Iterator[dict[str, object]]:
    return ({name: row[name] for name in row.keys()} for row in database.execute(query, values))


def artifact_folder(uri: str, beside: Path) -> Path | None:
    parts = urlsplit(uri)
    if parts.scheme not in ("", "file") and len(parts.scheme) > 1:
        return None
    path = Path(url2pathname(unquote(parts.path)) if parts.scheme == "file" else uri)
    path = (beside / path).resolve()
    return path if beside in path.parents and path.is_dir() else None


def copy_artifacts(folder: Path, to: Path) -> None:
    for parent, _, names in os.walk(folder):
        for name in names:
            source = Path(parent, name)
            if source.is_symlink() or not source.is_file():
                continue
            target = to / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)


def main(file: str, folder: str) -> None:
    beside = Path(file).resolve().parent
    store = Store(folder)
    database = sqlite3.connect(f"{Path(file).resolve().as_uri()}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    # Text that is not UTF-8 is not worth the rest.
    database.text_factory = lambda content: content.decode("utf-8", "replace")
    tables = {row["name"] for row in database.execute("SELECT name FROM sqlite_master")}
    if not {"experiments", "runs", "params", "metrics", "tags"} <= tables:
        sys.exit("it is an SQLite database, and none of MLflow's")
    for experiment in rows(database, "SELECT * FROM experiments"):
        of = str(experiment["experiment_id"])
        if not of.isalnum():
            print(f"{of}: it is no id of an experiment")
            continue
        store.write([of, "meta.yaml"], json.dumps({**experiment, "experiment_id": of}))
        for run in rows(database, "SELECT * FROM runs WHERE experiment_id = ?", experiment["experiment_id"]):
            run_id = str(run.pop("run_uuid"))
            if not run_id.isalnum():
                print(f"{of}/{run_id}: it is no id of a run")
                continue
            place = [of, run_id]
            store.write([*place, "meta.yaml"], json.dumps({**run, "run_id": run_id, "run_name": run.pop("name"), "experiment_id": of}))
            for table in ("params", "tags"):
                for row in rows(database, f"SELECT key, value FROM {table} WHERE run_uuid = ?", run_id):
                    store.write([*place, table, str(row["key"])], str(row["value"] if row["value"] is not None else ""))
            points: dict[str, list[str]] = {}
            for row in rows(database, "SELECT * FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step", run_id):
                points.setdefault(str(row["key"]), []).append(f"{row['timestamp']} {number(float(row['value']), row['is_nan'])} {row['step']}\n")
            for name, lines in points.items():
                store.write([*place, "metrics", name], "".join(lines))
            uri = str(run["artifact_uri"] or "")
            found = artifact_folder(uri, beside)
            if found is not None:
                copy_artifacts(found, store.folder / of / run_id / "artifacts")
            elif uri and (urlsplit(uri).scheme not in ("", "file") or os.path.isdir(uri)):
                print(f"{of}/{run_id}: its artifacts are in {uri}, not in a folder below that of the database, and were left out")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2])
    except (sqlite3.Error, OSError) as error:
        sys.exit(f"it can't be read: {error}")
