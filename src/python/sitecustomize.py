"""In each Python process that a task starts: compares bytecode with its source, see `_runweave.bytecode`, and goes on
observing what a Python task uses, see `_runweave.observe`.

Python imports the first `sitecustomize` of its path when it starts, and this folder is the first of PYTHONPATH. The
user's own runs as it would without this one: under its name, with the same search path, and its errors are its own.
"""

import os
import sys

if os.environ.get("RUNWEAVE_WORKSPACE"):
    try:
        from _runweave import bytecode

        bytecode.compare_with_source()
        if os.environ.get("RUNWEAVE_OBSERVE") and os.environ["RUNWEAVE_OBSERVE"] == os.environ.get("RUNWEAVE_LOG"):
            from _runweave import observe

            observe.start(is_child=True)
    except Exception:
        pass  # another Python, too old or too new: it is not observed

import _frozen_importlib

_here = os.path.dirname(os.path.abspath(__file__))
_path = sys.path
sys.path = [entry for entry in _path if os.path.abspath(entry) != _here]
try:
    _spec = _frozen_importlib._find_spec("sitecustomize", None)
finally:
    sys.path = _path
del sys.modules["sitecustomize"]
if _spec is None:
    # What `site` expects where there is none.
    raise ModuleNotFoundError("No module named 'sitecustomize'", name="sitecustomize")
_frozen_importlib._load(_spec)
