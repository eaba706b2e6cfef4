"""Artifacts: their copies beside the log, and the bytes of figures and tables.

An artifact is copied when it is logged, so that the task may overwrite or delete its own file afterwards. Figures and
tables are told apart by what they can do; no plotting or table library is ever imported here.
"""

from __future__ import annotations

import io
import os

from . import _log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_media_types = {
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".md": "text/markdown",
    ".onnx": "application/onnx",
    ".pdf": "application/pdf",
    ".plotly.json": "application/vnd.plotly.v1+json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
}


def media_type(name: str) -> str | None:
    """By the ending of the name; None leaves it to the executor."""
    lower = name.lower()
    if lower.endswith(".plotly.json"):
        return _media_types[".plotly.json"]
    return _media_types.get(os.path.splitext(lower)[1])


def store(name: str, content: Any, kind: str | None = None) -> dict[str, Any]:
    """Copies bytes, or the file at a path, beside the log; returns the line to write."""
    assert _log.path is not None
    folder = os.path.join(os.path.dirname(_log.path), "artifacts")
    os.makedirs(folder, exist_ok=True)
    # The name is only for people who look into the folder; it must be short and safe on every file system.
    readable = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in os.path.basename(name))[-60:]
    target = os.path.join(folder, f"{os.urandom(8).hex()}-{readable}")
    if isinstance(content, (bytes, bytearray, memoryview)):
        with open(target, "wb") as file:
            file.write(content)
    else:
        import shutil

        shutil.copyfile(content, target)
    line: dict[str, Any] = {"type": "artifact", "name": name, "path": target, "time": _log.now()}
    kind = kind or media_type(name)
    if kind is not None:
        line["mediaType"] = kind
    return line


def store_folder(name: str, folder: str) -> Iterable[dict[str, Any]]:
    """Every file below a folder, named `NAME/path/in/folder`."""
    for base, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            path = os.path.join(base, file)
            yield store(f"{name}/{os.path.relpath(path, folder).replace(os.sep, '/')}", path)


def render_figure(name: str, figure: Any) -> tuple[str, bytes]:
    """The artifact name (with an ending) and the bytes of a Matplotlib, Plotly or Pillow figure.

    The ending of the name chooses the format; without one it is PNG, or Plotly's JSON. Raises TypeError for what is
    none of these.
    """
    ending = os.path.splitext(name)[1].lower()
    buffer = io.BytesIO()
    if not hasattr(figure, "savefig") and hasattr(figure, "get_figure"):  # Matplotlib: axes instead of the figure
        figure = figure.get_figure()
    if hasattr(figure, "savefig"):
        name, ending = (name, ending) if ending else (f"{name}.png", ".png")
        # Without these the bytes would hold the date (SVG, PDF), and equal figures would be different artifacts.
        metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(ending)
        figure.savefig(buffer, format=ending[1:], bbox_inches="tight", metadata=metadata)
        return name, buffer.getvalue()
    if hasattr(figure, "to_plotly_json"):
        if ending == ".html":
            return name, figure.to_html().encode()
        if ending in ("", ".json"):
            stem = name[: -len(ending)] if ending else name
            return (stem if stem.endswith(".plotly") else f"{stem}.plotly") + ".json", figure.to_json().encode()
        return name, figure.to_image(format=ending[1:])
    if hasattr(figure, "save") and hasattr(figure, "getbands"):
        name, ending = (name, ending) if ending else (f"{name}.png", ".png")
        figure.save(buffer, format={".jpg": "JPEG"}.get(ending, ending[1:].upper()))
        return name, buffer.getvalue()
    raise TypeError(f"log_figure takes a Matplotlib, Plotly or Pillow figure, not {type(figure).__qualname__}")


def render_table(name: str, rows: Any) -> tuple[str, bytes]:
    """The artifact name (`.json` if it ends so, else `.csv`) and the bytes of a table.

    Takes a list of dicts, a dict of lists, and pandas, Polars and PyArrow tables. Raises TypeError for anything else.
    """
    columns = _columns(rows)
    length = max((len(column) for column in columns.values()), default=0)
    if any(len(column) != length for column in columns.values()):
        raise ValueError("log_table needs columns of one length")
    if name.lower().endswith(".json"):
        import json

        from ._values import json_or_text

        records = [{key: json_or_text(column[i]) for key, column in columns.items()} for i in range(length)]
        return name, json.dumps(records, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values()))
    return name if name.lower().endswith(".csv") else f"{name}.csv", text.getvalue().encode("utf-8", "surrogatepass")


def _columns(rows: Any) -> dict[str, list[Any]]:
    library = type(rows).__module__.partition(".")[0]
    if library == "pandas":
        frame = rows.to_frame() if hasattr(rows, "to_frame") else rows
        frame = frame if type(frame.index).__name__ == "RangeIndex" else frame.reset_index()
        frame = frame.astype(object).where(frame.notna(), None)
        return {str(key): column for key, column in frame.to_dict(orient="list").items()}
    if library == "polars":
        rows = rows.collect() if hasattr(rows, "collect") else rows.to_frame() if hasattr(rows, "to_frame") else rows
        return dict(rows.to_dict(as_series=False))
    if hasattr(rows, "to_pydict"):
        return dict(rows.to_pydict())
    if isinstance(rows, dict):
        return {str(key): list(column) for key, column in rows.items()}
    if not isinstance(rows, (str, bytes)):
        records = list(rows)
        if all(isinstance(record, dict) for record in records):
            keys = {key: None for record in records for key in record}  # a dict keeps the order of first sight
            return {str(key): [record.get(key, "") for record in records] for key in keys}
    raise TypeError(f"log_table takes rows as dicts, columns as lists, or a data frame, not {type(rows).__qualname__}")
