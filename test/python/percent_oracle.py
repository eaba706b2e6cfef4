"""Random notebooks in percent format and edits of them, with what jupytext and IPython make of them: JSON lines for the property test."""

import ast
import builtins
import hashlib
import json
import keyword
import random
import re
import sys
import warnings

import jupytext
from IPython.core.inputtransformer2 import TransformerManager

warnings.simplefilter("ignore")

PLAIN = ["x = 1", "x=1", "x = 1  # c", "print(x)", "print( x )", "# c", "# d", "", "x", "x  # c", "y = (1 # 50% sure\n + 2)", "y = (1 # 50% sure + 2\n )", "f(a,\n  b)", "f(a, b)", 's = """\n# %% one\n"""']
LINES = [
    *["x = 1", "x=1", "print(x)", "print( x )", "def f():", "    return 1", "    # c", "# c", "# d", "", "", "  ", "x = 1  # c", "f(", "  a,", ")", "x", "x + 1", "x  # c"],
    *["# !echo one \\", "#   two > out", "# more \\", "cat + \\", "# %ls  -l", "#   %ls", "# %%capture", "# %%javascript", "# %%time", "# ls  *.x", "ls *.x", "ls  * .x", "ls(a  b)", "# x?", "# why so?", "# ?x", "# y = !ls", "# # !ls", "#!ls", "# % 5", "    # %ls"],
    *['"""', "'''", 'x = """', "it's", '# it\'s """', 'x = "a\\"', "y = '''a''' + \"'\"", 'r"\\"', 'x = """a"""', '    x = """', '    a"""'],
    *["# ---", "# jupyter:", "#   kernelspec:", "#     name: python3", "#     name: bash", "#     language: python", "#     display_name: P", "#   jupytext:", "#     comment_magics: false", "#     text_representation:", "#       format_name: light", "#       extension: .py", "# title: a", "#!/bin/python", "# coding: utf-8", "#"],
    *["# ```", "# ~~~", "# ```a", "```", "# text", "# * text", ">>> x = 1", "... y", "!ls", "%ls  a", "%%bash", "  indented = 1"],
]
TITLES = ["", "", "", "", " one", " two words", " 1. one", "time", " [markdown]", " [markdown]", " a [md] b", " [raw]", " [markdown]x=1", " .a [markdown]", " a=1 [markdown]", " [x]", "%", "%% a", "% [markdown]"]
METADATA = [
    *["", "", "", "", "", "", ' tags=["parameters"]', ' {"tags": ["parameters"]}', ' tags=["hide"]', ' tags=["skip-execution"]', ' tags=["raises-exception", "a"]', ' tags=["injected-parameters"]'],
    *[' tags=["active-ipynb"]', ' tags=["active-py"]', ' active="ipynb"', ' active="py"', ' {"active": "ipynb"}', ' {"active": "py"}', ' language="bash"', ' {"language": "bash"}', ' language="html"', ' language="R"', ' run_control={"frozen": true}'],
    *[' cell_type="markdown"', ' cell_type="raw"', ' name="a b"', ' {"name": "x"}', " {1, 2}", " a", " =", ' tags=["a"] b', '\ttags=["parameters"]', ' x = "[markdown]"', ' slideshow={"slide_type": "slide"}', ' a="b" tags=["parameters"]', ' language="bash" magic_args="-e"'],
]
MAGICS = ["ls", "cat", "time", "who", "x"]
NOTHING = ast.dump(ast.parse(""))
TAGS = ["parameters", "injected-parameters", "skip-execution", "raises-exception"]


def a_marker(generator):
    start = generator.choice(["# %%", "# %%", "# %%", "# %%", "#%%", "#  %%", "  # %%", "# In[2]:", "# In[ ]", "# Inx[2]:", "# <codecell>", "# %%%", "x # %%"])
    return start + (generator.choice(TITLES) + generator.choice(METADATA) if "%%" in start else "")


def a_notebook(generator):
    lines = []
    if generator.randrange(3) == 0:
        lines += ["# ---", "# jupyter:", "#   kernelspec:", "#     display_name: P", "#     language: python", "#     name: python3", "# ---"]
    for _ in range(generator.choice([1, 2, 3, 4])):
        if lines or generator.randrange(2):
            lines.append(a_marker(generator))
        # Mostly of few sorts, so that edits say something.
        sort = generator.choice([LINES, LINES[:40], PLAIN, PLAIN, PLAIN])
        lines += [generator.choice(sort) for _ in range(generator.randrange(5))]
        if lines[-1:] and generator.randrange(2):
            lines.append("")
    return lines


def an_edit(lines, generator):
    lines = list(lines)
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        at = generator.randrange(len(lines) + 1)
        kind = generator.randrange(8)
        if kind == 0:
            lines.insert(at, generator.choice(LINES))
        elif kind == 1:
            lines.insert(at, a_marker(generator))
        elif kind == 2:
            lines.insert(at, generator.choice(["", "# c", "# ```", "#", "    # d"]))
        elif at == len(lines):
            continue
        elif kind == 3:
            del lines[at]
        elif kind == 4:
            lines[at] = generator.choice(LINES)
        elif kind == 5:
            words = re.split(r"( +|[^\w ])", lines[at])
            words.insert(generator.randrange(len(words) + 1), generator.choice([" ", "  ", " # c", "a", "\\", '"', "[", "=", "%", "\u00a0", "\f", "'''"]))
            lines[at] = "".join(words)
        elif kind == 6:
            lines[at] = lines[at].replace(" ", "", 1) if generator.randrange(2) else lines[at].replace("one", "other").replace("c", "d")
        elif "%%" in lines[at]:
            lines[at] = a_marker(generator)
    return lines


def what_runs(text):
    """Digest of the code cells as they are run, with what else a run obeys."""
    try:
        notebook = jupytext.reads(text, {"extension": ".py", "format_name": "percent"})
    except Exception as error:
        return type(error).__name__
    spec = notebook.metadata.get("kernelspec", {})
    name = spec.get("name") or "python3"
    runs = [name]
    for cell in notebook.cells:
        is_code = cell.cell_type == "code"
        tags = [tag for tag in (TAGS if is_code else TAGS[:2]) if tag in (cell.metadata.get("tags") or [])]
        source = cell.source if is_code and cell.source.strip() else ""
        run = as_run(source) if name == "python3" else source
        # An empty cell does nothing, but may be the place of the parameters.
        tags = [tag for tag in tags if run not in ("", NOTHING) or tag in TAGS[:2]]
        if run not in ("", NOTHING) or tags:
            runs.append([tags, "" if run == NOTHING else run])
    return hashlib.sha256(json.dumps(runs).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def as_run(source):
    """Syntax tree of a cell after IPython's transformations; one text for all mistakes, as they fail alike."""
    try:
        cell = TransformerManager().transform_cell(source)
        if len(cell.splitlines()) == 1:
            magic = automagic(cell.rstrip("\n"))
            if magic is not None:
                return magic
        return ast.dump(ast.parse(cell))
    except Exception:
        return "a mistake"


def automagic(line):
    """As `IPython.core.prefilter` decides, if these were the magics."""
    _, name, rest = re.match(r"^(\s*)\s*(%{0,2}[\w\.\*]*)(.*?$|$)", line).groups()
    rest = rest.lstrip()
    if rest[:1] in ("=", ",") and rest or name not in MAGICS or keyword.iskeyword(name) or hasattr(builtins, name):
        return None
    return f"{name} {rest}"


def main():
    generator = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        base = a_notebook(generator)
        versions = [base, *(an_edit(base, generator) for _ in range(6))]
        texts = list(dict.fromkeys("\n".join(lines) + "\n" for lines in versions))
        print(json.dumps([[text, what_runs(text)] for text in texts]))


if __name__ == "__main__":
    main()
