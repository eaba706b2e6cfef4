"""Which environment variables the loaded shared libraries may ask for, which no Python code hears of.

A library that asks the system has the names in it, or makes them from pieces: then it has the name of the family.
"""

# `re` would be loaded before `preload` can note who imports it. Of the system's own libraries and of Python, which are
# always loaded. What is asked for as a process starts, and then never again, is none of them: `LD_LIBRARY_PATH`
# (dlopen(3)), `MALLOC_ARENA_MAX` (mallopt(3)), `GLIBC_TUNABLES`.
_of_system = frozenset(b"LC LANG LANGUAGE TZ HOME PATH TMP TMPDIR TEMP DISPLAY XDG".split())
# Packages set some of these for libraries that may not be there: scikit-learn, joblib and threadpoolctl do so with `KMP_…`,
# which LLVM's and Intel's OpenMP ask for, and none of these three brings along.
_of_libraries = frozenset(b"KMP SSL QT ATEN VECLIB NUMEXPR HDF5 HIP ROCM OPENSSL ARROW GDAL PROJ GEOS".split())
_parts_of_families = (b"OMP", b"MKL", b"BLAS", b"BLIS", b"LAPACK", b"FORTRAN", b"NUMPY", b"NPY", b"CUDA", b"NVIDIA", b"TBB", b"KOKKOS")

_asking = []  # contents of files that ask the system for variables, once they are known: (path, where its texts are)
_answers = {}  # text → whether one of them has it
# https://man7.org/linux/man-pages/man5/elf.5.html
_PROGBITS, _DYNSYM, _ALLOC, _EXECINSTR = 1, 11, 2, 4


def may_ask_for(variable):
    """Whether a variable, as bytes, is one that a loaded library may ask for."""
    family = variable.partition(b"_")[0]
    if family in _of_system or b"PYTHON" in family:
        return True
    text = family + b"_" if family in _of_libraries else next((part for part in _parts_of_families if part in family), variable)
    if text not in _answers:
        if not _asking:
            _asking.extend(filter(None, map(_places, _loaded())))
        _answers[text] = any(_has(*each, text) for each in _asking)
    return _answers[text]


def _loaded():
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        # Address, permissions, offset, device, inode, path: https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html
        fields = [line.rstrip("\n").split(None, 5) for line in maps]
    return dict.fromkeys(each[5] for each in fields if len(each) == 6 and "x" in each[1] and each[5].startswith("/"))


def _has(path, places, text):
    try:
        with open(path, "rb") as file:
            return any(text in _part(file, *each) for each in places)
    except OSError:
        return True


def _places(path):
    """A library, and (offset, size) of its data, if it takes what asks for variables from another, or has it: `getenv`,
    `secure_getenv`, `environ`."""
    try:
        with open(path, "rb") as file:
            sections = _sections(file)
            # type, flags, offset, size, link
            names = [sections[link] for type, _, _, _, link in sections if type == _DYNSYM]
            asked = b"".join(_part(file, offset, size) for _, _, offset, size, _ in names)
    except (OSError, ValueError, IndexError):
        return path, [(0, -1)]
    if names and b"getenv\0" not in asked and b"environ\0" not in asked:
        return None
    return path, [(offset, size) for type, flags, offset, size, _ in sections if type == _PROGBITS and flags & (_ALLOC | _EXECINSTR) == _ALLOC]


def _sections(file):
    header = file.read(64)
    if header[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not of 64 bits")

    def number(data, start, size):
        return int.from_bytes(data[start : start + size], "little")

    size, count = number(header, 58, 2), number(header, 60, 2)
    table = _part(file, number(header, 40, 8), size * count)
    if size < 64 or len(table) != size * count:
        raise ValueError("no sections")
    each = [table[start : start + size] for start in range(0, size * count, size)]
    return [(number(one, 4, 4), number(one, 8, 8), number(one, 24, 8), number(one, 32, 8), number(one, 40, 4)) for one in each]


def _part(file, offset, size):
    file.seek(offset)
    return file.read(size)
