"""What a Runweave task can say about itself: metrics, parameters, tags, artifacts and what it returns.

    import runweave

    rate = runweave.params["learning_rate"]
    runweave.log_metric("loss", 0.25, step=3)
    runweave.log_figure("curve", figure)
    runweave.returns(n_train=400)

Standard library only. Works in scripts, functions and notebooks, in threads, and in processes that the task starts.
A call has recorded its data when it returns. Outside a run every call does nothing, and the first says so on stderr.
"""

from __future__ import annotations

import os

from . import _artifacts, _log, _values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any
else:
    # Already loaded by every Python, other than `collections` and `typing` themselves; see _log.
    from _collections_abc import Mapping

__all__ = [
    "log_artifact",
    "log_figure",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "params",
    "returns",
    "run_id",
    "set_tag",
    "task",
]

run_id: str | None = os.environ.get("RUNWEAVE_RUN_ID") or None
"""Id of this run, for example `20261120T224011Z-digits-3f2a`; None outside a run."""

task: str | None = os.environ.get("RUNWEAVE_TASK") or None
"""Id of this task, for example `train[nr_train_images=400]`; None outside a run."""


class _Params(Mapping):  # type: ignore[type-arg]
    """The task's parameters and matrix values, read when first asked for."""

    _values: dict[str, Any] | None = None
    _pickles: list[dict[str, Any]] = []

    def _load(self) -> dict[str, Any]:
        if self._values is None:
            import json

            file = os.environ.get("RUNWEAVE_PARAMS")
            if file:
                pickles = os.environ.get("RUNWEAVE_PICKLES")
                if pickles:
                    with open(pickles, encoding="utf-8") as stream:
                        self._pickles = json.load(stream)
                with open(file, encoding="utf-8") as stream:
                    self._values = json.load(stream)
            else:
                self._values = {}
        return self._values

    def _objects_in(self, name: str) -> list[dict[str, Any]]:
        """Pickled objects in a parameter that were not read yet."""
        self._load()
        return [entry for entry in self._pickles if entry["at"][0] == name]

    def __getitem__(self, name: str) -> Any:
        values = self._load()
        if name not in values:
            known = ", ".join(values) or "none"
            raise KeyError(f"no parameter {name!r}; this task has: {known}")
        for entry in self._objects_in(name):
            from . import _pickles

            place = values
            for key in entry["at"][:-1]:
                place = place[key]
            place[entry["at"][-1]] = _pickles.load(entry)
            self._pickles = [other for other in self._pickles if other is not entry]
        return values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())

    def __repr__(self) -> str:
        return f"runweave.params({self._load()!r})"

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self._load() else default


params: Mapping[str, Any] = _Params()
"""The task's `params` and `matrix` values by name, read-only; empty outside a run."""


def log_metric(name: str, value: Any, step: int | None = None) -> None:
    """Records one point of a metric.

    `value` is anything that is one number, also NaN, an infinity, a NumPy scalar or a tensor of one element;
    TypeError otherwise. `step` is a whole number, such as an epoch.
    """
    log_metrics({name: value}, step)


def log_metrics(metrics: Mapping[str, Any], step: int | None = None) -> None:
    """Records one point of each of several metrics, at one time and step."""
    time = _log.now()
    lines = []
    for name, value in metrics.items():
        line: dict[str, Any] = {"type": "metric", "name": str(name), "value": _values.number(value), "time": time}
        if step is not None:
            line["step"] = _values.step(step)
        lines.append(line)
    if _log.enabled():
        _log.write(lines)


def log_param(name: str, value: Any) -> None:
    """Records a parameter; what JSON cannot hold is recorded as its text."""
    log_params({name: value})


def log_params(values: Mapping[str, Any]) -> None:
    """Records several parameters."""
    if _log.enabled():
        _log.write(
            [{"type": "param", "name": str(key), "value": _values.json_or_text(value)} for key, value in values.items()]
        )


def set_tag(name: str, value: Any) -> None:
    """Records a tag; its value is text."""
    if _log.enabled():
        _log.write([{"type": "tag", "name": str(name), "value": str(value)}])


def log_artifact(path_or_bytes: str | os.PathLike[str] | bytes, name: str | None = None) -> None:
    """Records a copy of a file, of every file below a folder, or of bytes (which need a name).

    The name defaults to the file's own and may contain `/`. OSError if the file cannot be read.
    """
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        if name is None:
            raise TypeError("log_artifact: bytes need a name")
        if _log.enabled():
            _log.write([_artifacts.store(name, path_or_bytes)])
        return
    path = os.path.abspath(os.fspath(path_or_bytes))
    name = name or os.path.basename(path)
    if not _log.enabled():
        return
    if os.path.isdir(path):
        _log.write(list(_artifacts.store_folder(name, path)))
    else:
        _log.write([_artifacts.store(name, path)])


def log_figure(name: str, fig: Any) -> None:
    """Records a figure of Matplotlib, Plotly or Pillow.

    The ending of the name chooses the format (`roc.svg`); without one it is PNG, or Plotly's own JSON.
    """
    if _log.enabled():
        _log.write([_artifacts.store(*_artifacts.render_figure(name, fig))])


def log_text(name: str, text: str) -> None:
    """Records text as an artifact; a name without an ending gets `.txt`."""
    name = name if os.path.splitext(name)[1] else f"{name}.txt"
    if _log.enabled():
        _log.write([_artifacts.store(name, text.encode("utf-8", "surrogatepass"))])


def log_table(name: str, rows: Any) -> None:
    """Records a table as CSV, or as JSON if the name ends so.

    Takes a list of dicts, a dict of lists, or a data frame of pandas, Polars or PyArrow.
    """
    if _log.enabled():
        _log.write([_artifacts.store(*_artifacts.render_table(name, rows))])


def returns(**values: Any) -> None:
    """Hands values to downstream tasks, which refer to them as `${tasks.ID.returns.NAME}`.

    What JSON cannot hold is pickled, and unpickled by the Python task that asks for it. TypeError for what cannot be
    pickled either.
    """
    if not _log.enabled():
        return
    lines = []
    for name, value in values.items():
        try:
            lines.append(_return(name, value))
        except TypeError as error:
            raise TypeError(f"returns({name}=…): {error}") from None
    _log.write(lines)


# Half of what the executor reads of one line (`lineLimit` in follow-log.ts).
_longest_line = 16 * 1024 * 1024


def _return(name: str, value: Any) -> dict[str, Any] | str:
    """The line of one returned value. TypeError for what is neither JSON nor can be pickled."""
    texts: list[str] = []
    try:
        json_value = _values.json_value(value, arrays=False, texts=texts)
    except TypeError:
        from . import _pickles

        try:
            return _pickles.store(name, value)
        except _pickles.CannotPickle as error:
            raise TypeError(
                f"a value of type {_values.type_name(type(value))} is not JSON and cannot be pickled ({error}); "
                "define its class or function at the top of a module, or write it to an output file"
            ) from None
    if texts:
        import contextlib
        import warnings

        # Where warnings are errors, this one is still none.
        with contextlib.suppress(RuntimeWarning):
            warnings.warn(f"returned {name!r}: {texts[0]} is no number that JSON keeps, and is handed on as text", RuntimeWarning, 3)
    line = _log.line({"type": "return", "name": name, "value": json_value})
    if len(line) <= _longest_line:
        return line
    from . import _pickles

    # Of the same types as a shorter value arrives with.
    return _pickles.store(name, json_value)
