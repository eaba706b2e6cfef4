"""Executes a notebook with parameters, and nothing else: `bare_notebook.py SOURCE PARAMETERS TARGET`."""

import json
import os
import sys

import nbformat
from nbclient import NotebookClient

source, parameters, target = sys.argv[1:]
if source.endswith(".py"):
    import jupytext

    notebook = jupytext.read(source)
else:
    notebook = nbformat.read(source, as_version=4)
lines = [f"{name} = {value!r}" for name, value in json.loads(parameters).items()]
tagged = [at for at, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
notebook.cells.insert(tagged[0] + 1 if tagged else 0, nbformat.v4.new_code_cell("\n".join(lines)))
NotebookClient(notebook, timeout=None).execute()
os.makedirs(os.path.dirname(target), exist_ok=True)
nbformat.write(notebook, target)
