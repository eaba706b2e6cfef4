"""Random programs of a few modules, random edits of them, and what Python does with each: JSON lines for the property test.

Each line is one program: its variants as {file: source}, which of the files compile, whether calling `m0:f0` ended well,
the files that were imported, and a digest of all that can be seen of it: what it returned, what it did in which order,
and the module state that it left.
"""

import contextlib
import hashlib
import importlib.abc
import importlib.util
import json
import os
import random
import re
import sys
import types
import warnings

FUNCTIONS = ["f1", "ﬁ1", "fi1", "_K0__f5", "__f6"]
CLASSES = [f"K{i}" for i in range(4)]
VALUES = [f"v{i}" for i in range(3)]
FILES = {"m0": "m0.py", "m1": "m1.py", "m2": "m2.py", "p": "p/__init__.py", "p.m3": "p/m3.py"}
MODULES = list(FILES)


class Program:
    def __init__(self, generator):
        self.r = generator
        self.pool = [f"f{i}" for i in range(generator.choice([7, 7, 30]))]  # few names: many that are the same
        self.oddity = generator.choice([0, 0, 0, 0.05, 0.3])  # how often something that defeats the analysis is written

    def pick(self, *choices):
        return self.r.choice(choices)

    def number(self):
        return str(self.r.randrange(100))

    at = 0  # the module that is being written: it imports later ones, or the circle is not often closed

    def module(self):
        later = MODULES[self.at + 1 :]
        return self.r.choice(later if later and self.r.random() < 0.95 else MODULES[1:])

    def function(self):
        return self.r.choice(self.pool if self.r.random() < 0.95 else FUNCTIONS)

    def name(self):
        return self.r.choice([self.function(), self.function(), self.r.choice(CLASSES), self.r.choice(VALUES)])

    def literal(self):
        return self.pick(self.number(), f'"{self.function()}"', "None", "-1", "()", "[]", "(1, 2)", "True", '"a\\n' + self.function() + '"')

    def safe(self, text):
        return f"attempt(lambda: {text})"

    def expression(self):
        r = self.r.random()
        if r < self.oddity:
            return self.odd()
        if r < 0.5:
            return self.number()
        if r < 0.63:
            return self.safe(f"{self.function()}({self.number()})")
        if r < 0.7:
            return self.safe(f"{self.pick('m1', 'm2', 'p', 'a0', 'p.m3', 'm3')}.{self.name()}({self.number()})")
        if r < 0.76:
            return self.safe(f"{self.r.choice(CLASSES)}().{self.pick('go', 'f1', 'x', 'y')}")
        if r < 0.8:
            return self.safe(f"{self.r.choice(CLASSES)}().go({self.number()})")
        if r < 0.88:
            return self.safe(self.r.choice(VALUES))
        if r < 0.92:
            return f"[attempt(each) for each in (lambda: {self.name()}({self.number()}), lambda: {self.function()}(2))]"
        if r < 0.95:
            return self.safe(f"f'{{{self.function()}(1)}}'")
        return self.safe(f"TABLE[{self.pick('0', '1')}](3)")

    def odd(self):
        f, m = self.function(), self.module()
        return self.safe(
            self.pick(
                f'getattr({m}, "{f}")(1)',
                f'getattr({m}, "f" + "{self.r.randrange(7)}")(1)',
                f'globals()["f" + str({self.r.randrange(7)})](1)',
                f'eval("f%d(1)" % {self.r.randrange(7)})',
                f'vars({m})["f{self.r.randrange(7)}"](2)',
                f'hasattr({m}, "{f}")',
                f'len([n for n in dir({m}) if n.startswith("f")])',
                f'("{{0.f" + "{self.r.randrange(7)}.__name__}}").format({m})',
                f'"{{0.{f}.__name__}}".format({m})',
                f"[{m}][0].{f}(1)",
                f"(lambda x: x.{f}(1))({m})",
                f'__import__("{m}").{f}(1)',
                f"setattr({m}, '{f}', lambda x: 7)",
                f"setattr({m}, 'f%d' % {self.r.randrange(7)}, lambda x: 8)",
                f"keep({m}, '{f}')",
                f"look({f}, '{self.function()}')",
                f"(a0, 1)[0].{f}(1)",
                f"sorted(x.__name__ for x in K0.__subclasses__())",
                f"len(sys.modules)",
                f"p.a0.{f}(1)",
                f"Brings.{m}.{f}(1)",
                f"(lambda x: x.{f}(1))(Brings.{m})",
                f"{m}.__getstate__()['f%d' % {self.r.randrange(7)}](1)",
                f"len([n for n in {m}.__dir__() if n.startswith('f')])",
                f"{m}.__setattr__('f%d' % {self.r.randrange(7)}, lambda x: 9)",
                f"{m}.__setattr__('lis' + 't', noted)",
            )
        )

    def body(self, depth):
        lines = []
        for _ in range(self.r.choice([1, 1, 2, 3])):
            lines.append(
                self.pick(
                    f"emit({self.expression()})",
                    f"x = {self.expression()}",
                    f"STATE.append({self.number()})",
                    f"STATE.append({self.number()})",
                    f"from {self.module()} import {self.name()} as x",
                    f"import {self.module()}",
                    f"emit({self.number()})",
                    f"y = lambda: {self.function()}(1)",
                    "pass",
                )
                if self.r.random() < 0.7
                else f"emit({self.expression()})"
            )
        if self.r.random() < 0.2:
            lines = ["global v0", *lines, f"v0 = {self.number()}"]
        lines.append(f"return {self.expression()}")
        return "".join(f"{'    ' * depth}{line}\n" for line in ["tick()", *lines])

    def annotation(self):
        return self.pick("int", "str", '"K9"', "Base", "list[int]", "list[int]", 'dict[str, tuple["K9", ...]]', f'set["{self.function()}"]', "list[int, noted(2)]", "functools.partial", self.function(), "noted(1)", "None")

    def header(self, first="x"):
        r = self.r.random()
        annotation = f": {self.annotation()}" if r < 0.2 else ""
        default = f"={self.pick(self.literal(), self.literal(), 'STATE', f'noted({self.number()})', f'attempt(lambda: {self.function()}(1))')}" if 0.1 < r < 0.4 else "=0"
        result = f" -> {self.annotation()}" if r > 0.9 else ""
        more = self.pick("", "", "", ", *a", ", **k", ", *, k=3", ", z=(1, 2)")
        return f"({first}{annotation}{default}{more}){result}"

    def define(self, name=None):
        name = name or self.function()
        if self.r.random() < 0.1:
            return f"def {name}(x=0): tick(); return {self.expression()}\n"
        decorator = self.pick("", "", "", "", "", "", "", "@register\n", "@functools.lru_cache\n", "@twice\n", f"@{self.function()}\n" if self.oddity else "")
        asynchronous = "async " if self.r.random() < 0.02 else ""
        doc = '    "A docstring."\n' if self.r.random() < 0.2 else ""
        return f"{decorator}{asynchronous}def {name}{self.header()}:\n{doc}{self.body(1)}"

    def klass(self):
        name = self.r.choice(CLASSES)
        base = self.pick("", "", "()", "(Exception)", "(ValueError)", "(object)", "(Base)", "(KeyError)", f"({self.r.choice(CLASSES)})" if self.oddity else "")
        decorator = self.pick("", "", "", "", "@register\n")
        lines = []
        for _ in range(self.r.choice([1, 2, 3])):
            method = self.pick("go", "f1", "y", "__init_subclass__", "__init__", "__call__")
            if method == "__init_subclass__":
                lines.append(f"    def {method}(cls, **k):\n        noted(3)\n")
                continue
            lines.append(
                self.pick(
                    f"    def {method}(self, x=0):\n{self.body(2)}",
                    f"    x = {self.literal()}\n",
                    f"    y: int = {self.number()}\n",
                    f"    x = {self.expression()}\n",
                    f"    @property\n    def y(self):\n{self.body(2)}",
                    f"    @staticmethod\n    def go(x=0):\n{self.body(2)}",
                    "    pass\n",
                    f"    noted({self.number()})\n",
                    "    __slots__ = ()\n",
                )
            )
        return f"{decorator}class {name}{base}:\n{''.join(lines)}"

    def statement(self):
        r = self.r.random()
        if r < 0.5:
            return self.define()
        if r < 0.65:
            return self.klass()
        if r < self.oddity * 0.3 + 0.65:
            f = self.function()
            return self.pick(
                f"def __getattr__(name):\n    emit(name)\n    return lambda x=0: len(name)\n",
                f"__all__ = ['{f}', 'STATE']\n",
                f"from {self.module()} import *\n",
                f"{f} = {self.function()}\n",
                f"ValueError = Exception = object\n",
                f"class ValueError:\n    def __init_subclass__(cls):\n        noted(cls.__name__)\n",
                f"property = staticmethod = register\n",
                f"__name__ = '__main__'\n",
                f"noted(__name__ := '__main__')\n",
                f"{self.pick('list', 'dict', 'set', 'int', 'str')} = {self.pick('4', 'noted', 'type')}\n",
                f"noted({self.pick('list', 'dict', 'int')} := 5)\n",
                f"try:\n    {self.module()}.{self.pick('list', 'dict', 'set')} = {self.pick('4', 'noted')}\nexcept NameError:\n    emit(1)\n",
                f"class Brings:\n    import {self.pick('m1', 'm2', 'p')}\n",
                f"with contextlib.suppress(NameError):\n    del {f}\n",
                f"other = {self.pick('m1', 'm2', 'p')}\n",
            )
        return self.pick(
            f"{self.r.choice(VALUES)} = {self.literal()}\n",
            f"{self.r.choice(VALUES)} = {self.expression()}\n",
            f"TABLE = [attempt(lambda: {self.function()}), lambda x: x]\n",
            f"if {self.pick('STATE', 'not STATE', 'True', 'v0')}:\n    def {self.function()}(x=0):\n        return {self.number()}\nelse:\n    emit(1)\n",
            f"try:\n    {self.function()}(1)\nexcept Exception:\n    emit({self.number()})\n",
            f"for {self.pick('v1', 'f6')} in (1, 2):\n    emit({self.expression()})\n",
            f"if __name__ == '__main__':\n    emit({self.expression()})\n",
            f"if __name__ == '__main__':\n    emit({self.function()}(1))\nelse:\n    emit({self.number()})\n",
            f"emit({self.expression()}); emit(2)\n",
            f"def noted(x):\n    emit(x)\n    return x\n",
            f"class Base:\n    def __init_subclass__(cls):\n        emit(cls.__name__)\n",
            f"from {self.module()} import {self.function()} as {self.function()}\n",
        )

    def imports(self, module):
        lines = ["from __future__ import annotations\n"] if self.r.random() < 0.3 else []
        lines.append("import sys, functools, contextlib\n")
        lines.append("STATE = []\n")
        lines.append("def register(f):\n    STATE.append(f.__name__)\n    return f\n" if self.r.random() < 0.5 else "def register(f):\n    return f\n")
        lines.append("def twice(f):\n    return lambda x=0: (f(x), f(x))\n")
        lines.append("class Base:\n    def __init_subclass__(cls):\n        STATE.append(cls.__name__)\n")
        lines.append("TABLE = [lambda x: x, len]\n")
        lines.append("def noted(x):\n    emit(x)\n    return x\n")
        for _ in range(self.r.choice([0, 1, 2, 2])):
            other = self.module()
            lines.append(
                self.pick(
                    f"import {other}\n",
                    f"import {other} as a0\n",
                    f"from {other} import {self.function()}\n",
                    f"from {other} import {self.function()}\n",
                    f"from {other} import {self.function()} as {self.function()}, {self.r.choice(CLASSES)}\n",
                    f"with contextlib.suppress(ImportError):\n    from {other} import {self.name()}\n",
                    "from p import m3\n",
                    "from .m3 import f1\n" if module == "p" else "from p.m3 import f2\n",
                )
            )
        return lines

    def sources(self):
        modules = {}
        for self.at, module in enumerate(MODULES):
            there = self.r.sample(self.pool[1:], self.r.choice([4, 6, 6]))
            modules[module] = [*self.imports(module), *map(self.define, there), *(self.statement() for _ in range(self.r.randrange(1, 5)))]
        if self.oddity and self.r.random() < 0.5:
            modules["m0"].append("def keep(m, n):\n    return m.__dict__[n](1)\ndef look(f, n):\n    return f.__globals__[n](1)\n")
        modules["m0"].append(f"def f0(x=1):\n{self.body(1)}")
        return modules

    def edited(self, modules):
        modules = {name: list(statements) for name, statements in modules.items()}
        for _ in range(self.r.choice([1, 1, 1, 2, 4])):
            self.at = self.r.randrange(len(MODULES))
            statements = modules[MODULES[self.at]]
            at = self.r.randrange(len(statements))
            kind = self.r.randrange(10)
            if kind < 4:
                # Something in a statement: a number, a name, a line.
                text = statements[at]
                numbers = [m for m in re.finditer(r"\b\d+\b|\b[fKv]\d\b|@\w+\n|\(\w+\):|: \w+ =", text)]
                if numbers:
                    chosen = self.r.choice(numbers)
                    new = self.number() if chosen.group().isdigit() else self.name() if chosen.group()[0] in "fKv" else self.pick("@twice\n", "@functools.lru_cache\n") if chosen.group()[0] == "@" else chosen.group()
                    statements[at] = text[: chosen.start()] + new + text[chosen.end() :]
            elif kind == 4:
                statements.insert(at + 1, self.define())
            elif kind == 5:
                statements.insert(at + 1, self.statement())
            elif kind == 6:
                if len(statements) > 1:
                    del statements[at]
            elif kind == 7:
                other = self.r.randrange(len(statements))
                statements[at], statements[other] = statements[other], statements[at]
            elif kind == 8:
                if self.r.random() < 0.3:
                    statements.insert(at, self.pick("def g(:\n    pass\n", "def f5(x=0):\n    return = 1\n", "def f5(x=0):\n    yield 1; await 2\n", "def f4(x, x): pass\n", "def f4(x=0): return 'a' is x\n", "def f4(x=0):\n    nonlocal y\n"))
                else:
                    statements[at] = statements[at].replace("x=0", self.pick("x=1", "x=noted(4)", "x=nothing", "x: nothing=0", "x: int=0"), 1)
            else:
                statements[at] = self.define(next(iter(re.findall(r"^def (\w+)", statements[at])), None))
        return modules


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    sources = {}
    begun = set()  # also those whose import failed

    def find_spec(self, name, path=None, target=None):
        if name in FILES and name in self.sources:
            return importlib.util.spec_from_loader(name, self, is_package=name == "p")

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.begun.add(module.__name__)
        exec(compile(self.sources[module.__name__], FILES[module.__name__], "exec", dont_inherit=True), module.__dict__)


class OutOfFuel(BaseException):
    pass


def run(sources):
    """What can be seen of one run: whether it ended well, the files that were imported, a digest."""
    import builtins

    log = []
    fuel = [200]

    def tick():
        fuel[0] -= 1
        if fuel[0] < 0:
            raise OutOfFuel

    def seen(value, depth=0):
        if isinstance(value, (list, tuple)):
            if depth >= 4:
                return type(value).__name__
            return [seen(each, depth + 1) for each in value]
        if isinstance(value, types.FunctionType):
            return f"function {value.__module__}.{value.__name__}"
        if isinstance(value, type):
            return f"class {value.__module__}.{value.__name__}"
        return repr(value) if isinstance(value, (int, str, float, type(None), bool)) else type(value).__name__

    def attempt(function):
        try:
            result = function()
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
        # Nothing grows with each call.
        if isinstance(result, (list, tuple)):
            return [each if isinstance(each, (int, str)) else seen(each, 4) for each in result[:4]]
        return result[:100] if isinstance(result, str) else result

    def emit(value):
        if len(log) < 1000:
            log.append(seen(value))

    builtins.tick, builtins.attempt, builtins.emit = tick, attempt, emit
    before = set(sys.modules)
    Loader.sources = sources
    Loader.begun = set()
    try:
        result = seen(__import__("m0").f0(3))
        fine = True
    except (Exception, OutOfFuel) as error:
        result, fine = f"{type(error).__name__}: {error}", False
    state = {}
    imported = [module for module in MODULES if module in sys.modules]
    for module in imported:
        for name, value in vars(sys.modules[module]).items():
            if not name.startswith("__") and not isinstance(value, (types.FunctionType, types.ModuleType, type)) and not hasattr(value, "__wrapped__"):
                state[f"{module}.{name}"] = seen(value)
    for module in set(sys.modules) - before:
        del sys.modules[module]
    digest = hashlib.sha256(re.sub(r" at 0x[0-9a-f]+", "", json.dumps([result, log, state], sort_keys=True)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return fine, [FILES[module] for module in MODULES if module in Loader.begun], digest


def compiles(source):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(source, "source", "exec", dont_inherit=True)
            return True
        except Exception:
            return False


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    sys.meta_path.insert(0, Loader())
    sys.setrecursionlimit(400)
    warnings.simplefilter("ignore")
    sys.stderr = open(os.devnull, "w")
    number = 0
    while count > 0:
        number += 1
        program = Program(random.Random(f"{seed}/{number}"))
        base = program.sources()
        if not run({name: "".join(statements) for name, statements in base.items()})[0]:
            continue
        count -= 1
        variants = [base, *(program.edited(base) for _ in range(8))]
        rows = []
        for modules in variants:
            sources = {name: "".join(statements) for name, statements in modules.items()}
            fine, imported, digest = run(sources)
            rows.append({"sources": {FILES[name]: text for name, text in sources.items()}, "mistakes": [FILES[name] for name, text in sources.items() if not compiles(text)], "fine": fine, "imported": imported, "digest": digest})
        print(json.dumps(rows))


try:
    main()
except BaseException:
    sys.stderr = sys.__stderr__
    raise
