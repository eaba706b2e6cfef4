"""A notebook as a file: read from .ipynb or percent-format .py, given parameters, and its cells found again in it."""

import os
import sys

PERCENT = {"extension": ".py", "format_name": "percent"}


def read_notebook(path):
    """A notebook document of nbformat 4. Raises OSError, or ValueError for what is no notebook."""
    if path.endswith(".ipynb"):
        import nbformat

        try:
            notebook = nbformat.read(path, as_version=4)
        except nbformat.reader.NotJSONError:
            raise ValueError(f"{path} is not a notebook: it is not JSON") from None
    else:
        import jupytext

        notebook = jupytext.read(path, fmt=PERCENT)
    return notebook


def inject_parameters(notebook, params, language):
    """Adds a cell that assigns the parameters, as papermill does.

    It replaces a cell tagged `injected-parameters`, else stands after the one tagged `parameters`, else first. What is
    no name in the kernel's language is left to `runweave.params` and the environment.
    """
    from nbformat.v4 import new_code_cell

    from .parameters import assignments

    if not params:
        return
    source = assignments(params, language)
    if source is None:
        if language != "python":
            print(
                f"runweave: parameters are not written into a notebook in {language}; "
                "they are in the environment, as RUNWEAVE_PARAM_<NAME>",
                file=sys.stderr,
            )
        return
    cell = new_code_cell(source, metadata={"tags": ["injected-parameters"]})
    if notebook.nbformat_minor < 5:
        cell.pop("id", None)
    injected = _index_of_tag(notebook, "injected-parameters")
    if injected is not None:
        notebook.cells[injected] = cell
        return
    defaults = _index_of_tag(notebook, "parameters")
    notebook.cells.insert(0 if defaults is None else defaults + 1, cell)


def label(source):
    """First line of a cell that says something."""
    lines = (line.strip() for line in source.splitlines())
    return next((line for line in lines if line), "")[:120]


def add_tag(cell, tag):
    tags = list(cell.metadata.get("tags", []))
    cell.metadata["tags"] = tags if tag in tags else [*tags, tag]


def line_of_cell(path, source):
    """Line of a .py notebook at which a cell's source starts, from 1; None for .ipynb, whose lines say nothing."""
    if not path.endswith(".py") or not source.strip():
        return None
    with open(path, encoding="utf-8") as file:
        before, found, _ = file.read().replace("\r\n", "\n").partition("\n" + source.strip("\n") + "\n")
    return before.count("\n") + 2 if found else None


def missing_packages(path, own_kernel):
    """Packages that this interpreter lacks to run a notebook."""
    from importlib.util import find_spec

    needed = ["nbclient", "nbformat"]
    if not path.endswith(".ipynb"):
        needed.append("jupytext")
    if own_kernel:
        needed.append("ipykernel")
    return [name for name in needed if find_spec(name) is None]


def relative(path):
    try:
        shown = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if shown.startswith("..") else shown


def _index_of_tag(notebook, tag):
    return next((i for i, cell in enumerate(notebook.cells) if tag in cell.metadata.get("tags", [])), None)
