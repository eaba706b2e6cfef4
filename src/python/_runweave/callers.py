"""Who opens a file or lists a folder, by the frames that ask: the task, for what is in it, or Python for itself."""

import os
import sys

standard = os.path.dirname(os.__file__)
_glob = os.path.join(standard, "glob.py")
_pathlib = os.path.join(standard, "pathlib")  # a file, or a package
_shutil = os.path.join(standard, "shutil.py")
_metadata = os.path.join(standard, "importlib", "metadata")
_site_packages = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_ipython = os.path.join("IPython", "utils", "path.py")
_own = os.path.dirname(sys._getframe().f_code.co_filename) + os.sep
_helper = os.path.join(os.path.dirname(os.path.dirname(_own)), "runweave") + os.sep
# The latter looks whether a script is an archive.
_importing = ("<frozen importlib", "<frozen zipimport")
# Between those who run or show a source and the `open` of it.
_between = (os.path.join(_own, "bytecode.py"), os.path.join(standard, "tokenize.py"))
_showing = (os.path.join(standard, "linecache.py"), os.path.join(standard, "runpy.py"), "<frozen runpy>", _own)
# Of import loaders and of `tokenize`: they give the text to whoever calls them.
_giving = ("get_data", "_get_data", "get_source", "open")

globbing = {}  # `glob` and `pathlib`, once they have said what they look for


def is_to_run(frame):
    """Whether a file is opened to run what is in it, or to show a line of it in a traceback."""
    function = None
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_importing) and code.co_filename not in _between:
            break
        function = code.co_name
        frame = frame.f_back
    if frame is None:
        return True  # `python script.py`
    if function is not None and function not in _giving:
        return True
    return frame.f_code.co_filename.startswith(_showing)


def is_for_task(frame):
    """Whether a folder is listed for what is in it; not to import, to remove it, or for a pattern that was told."""
    name, function = frame.f_code.co_filename, frame.f_code.co_name
    if name.startswith("<frozen importlib"):
        return _asks_finder(frame)
    if name.startswith((_metadata, _own)) or name == _shutil and function.startswith("_rmtree"):
        return False
    if any([each in name for each in _site_packages]):
        # They look for distributions in the whole search path; `_listdir` is of `pkg_resources.resource_listdir`.
        if f"{os.sep}importlib_metadata{os.sep}" in name or f"{os.sep}pkg_resources{os.sep}" in name and function != "_listdir":
            return False
    in_glob = None
    while frame is not None:
        name, function = frame.f_code.co_filename, frame.f_code.co_name
        if name == _glob:
            in_glob = function
        elif name.startswith(_pathlib):
            if function.startswith(("_select", "_iterate")):
                return "pathlib" not in globbing
        elif name != "<frozen os>":
            break
        frame = frame.f_back
    return in_glob is None or not globbing or in_glob == "glob1"  # which says nothing


def is_argument(frame):
    """Whether IPython asks for what an argument of `%run` stands for, which stays as it is where nothing is found."""
    while frame is not None and frame.f_code.co_filename == _glob:
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name == "shellglob" and frame.f_code.co_filename.endswith(_ipython)


def _asks_finder(frame):
    """Whether somebody asks `PathFinder` itself, without an import, and is told of by nobody else."""
    name = ""
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        name = frame.f_code.co_filename
        frame = frame.f_back
    if frame is None or name != "<frozen importlib._bootstrap_external>":
        return False
    caller = frame.f_code.co_filename
    return not caller.startswith((standard, _own, _helper)) and not any([each in caller for each in _site_packages])


def in_any_case(pattern):
    """A pattern that finds what `pattern` does without regard to upper and lower case."""
    told, at = "", 0
    while at < len(pattern):
        letter = pattern[at]
        other = letter.swapcase()
        if letter == "[":
            begin = at + 2 if pattern[at + 1 : at + 2] == "!" else at + 1
            end = pattern.find("]", begin + 1)
            if end > 0:
                each = pattern[begin:end]
                told += pattern[at:begin] + each + (each.swapcase() if "]" not in each else "") + "]"
                at = end + 1
                continue
        told += f"[{letter}{other}]" if other != letter and len(other) == 1 else letter
        at += 1
    return told
