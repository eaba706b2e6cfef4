"""How a Python task is run and observed. Not for tasks to import: they use `runweave`.

Read in this order: `main` (what to start), `observe` (what the task used), `bytecode` (that it runs what its sources
hold), `report` (how it failed), then one file a kind of task: `script`, `call`, `notebook` with `notebook_file` and
`kernel`. Whatever a script does not need is imported late: a task's start should cost what `python script.py` costs.
"""
