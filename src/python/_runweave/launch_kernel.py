"""`python -m ipykernel_launcher`, but for the working directory, which that has first on `sys.path` until ipykernel takes
it off: a `pathlib.py` there would be Python's own for the kernel, and no import of the notebook's would tell of it.
ipykernel itself puts the working directory behind the standard library.
"""

import sys


def run():
    """In place of the process's script."""
    # The folder of the script.
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    import runpy

    runpy._run_module_as_main("ipykernel_launcher")


if __name__ == "__main__":
    run()
