"""Names and versions of the installed distributions that modules come from.

`importlib.metadata` answers this by reading the file lists of every installed distribution, and is slow to import; a
task would pay for it at each end. Here the names of the `.dist-info` folders answer for most, and file lists are read
only for modules that are called otherwise than their distribution (`sklearn` of scikit-learn).
"""

import os
import sys


def distributions(module_names):
    """Distribution name → version for the given names of loaded modules; the standard library has none."""
    wanted = {}  # folder of installed packages → top-level modules loaded from it
    for name in module_names:
        if "." not in name:
            folder = _installed_in(sys.modules.get(name))
            if folder is not None:
                wanted.setdefault(folder, set()).add(name)
    found = {}
    for folder, names in wanted.items():
        found.update(_distributions_in(folder, names))
    return dict(sorted(found.items()))


def _installed_in(module):
    """The `site-packages` that a top-level module is loaded from, or None."""
    spec = getattr(module, "__dict__", {}).get("__spec__")
    origin = getattr(spec, "origin", None)
    if not isinstance(origin, str):
        return None
    folder = os.path.dirname(origin)
    if getattr(spec, "submodule_search_locations", None) is not None:
        folder = os.path.dirname(folder)
    return folder if os.path.basename(folder) in ("site-packages", "dist-packages") else None


def _distributions_in(folder, modules):
    infos = {}
    for entry in os.listdir(folder):
        name, separator, version = entry[: -len(".dist-info")].rpartition("-")
        if entry.endswith(".dist-info") and separator:
            infos[entry] = (name, version)
    found = {}
    left = set(modules)
    for entry, (name, version) in infos.items():
        module = name.replace("-", "_").replace(".", "_").lower()
        for same in [candidate for candidate in left if candidate.lower() == module]:
            left.discard(same)
            found[_proper_name(folder, entry, name)] = version
    for entry, (name, version) in infos.items():
        if not left:
            break
        provided = left & _top_level(os.path.join(folder, entry))
        if provided:
            left -= provided
            found[_proper_name(folder, entry, name)] = version
    return found


def _proper_name(folder, entry, name):
    """`scikit-learn`, where the folder's name says `scikit_learn`."""
    try:
        with open(os.path.join(folder, entry, "METADATA"), encoding="utf-8", errors="replace") as file:
            names = [line[len("Name:") :].strip() for line in file.read(500).splitlines() if line.startswith("Name:")]
    except OSError:
        names = []
    return names[0] if names else name


def _top_level(info):
    """Names of the modules and packages that a distribution installed."""
    try:
        with open(os.path.join(info, "top_level.txt"), encoding="utf-8") as file:
            return set(file.read().split())
    except OSError:
        pass
    try:
        with open(os.path.join(info, "RECORD"), encoding="utf-8") as file:
            tops = {line.split(",", 1)[0].split("/", 1)[0] for line in file}
    except OSError:
        return set()
    return {top.split(".", 1)[0] for top in tops}
