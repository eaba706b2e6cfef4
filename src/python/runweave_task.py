"""Runs a Python task of a pipeline; started by Runweave's executor, not by people.

    python runweave_task.py script /abs/tasks/ingest.py [args]
    python runweave_task.py call tasks.prepare:split
    python runweave_task.py notebook /abs/notebooks/train.py

This file is compiled at every start, as every main script of Python is, so all that it does stands elsewhere.
"""

if __name__ == "__main__":
    from _runweave.main import main

    main()
