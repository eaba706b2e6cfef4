"""Sources of the standard library and random edits of them, with what `ast` says: JSON lines for the property test."""

import ast
import hashlib
import json
import os
import random
import sys
import warnings

warnings.simplefilter("ignore")


def tree(source, docstrings):
    """Digest of the syntax tree; None for a mistake."""
    try:
        module = ast.parse(source.encode("utf-8", "surrogatepass"))  # as from a file: with its byte order mark and coding line
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not docstrings:
        for node in ast.walk(module):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node, clean=False) is not None:
                del node.body[0]
    try:
        return hashlib.sha256(ast.dump(module).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    except RecursionError:
        return None


PIECES = [" ", "  ", "\n", "\t", "\\\n", "# c\n", "(", ")", "[", "]", "{", "}", ",", ",)", ",]", ",}", ":", ";", '"', "'", '"""', "f'", "f\"{", "b'", "r", "u", "lambda a, b: ", " for x in y", "not ", "*", "**", "=", ":=", ".", "...", "1", "0x", "1e", "_", "é", "pass\n", '"doc"\n', "async ", "\f", "\r", "\r\n", "\\", "!", "@", "->", "<>", "# type: int", "\u00a0", "x = (a,)\n", "f(a,)\n", "    "]


def edits(source, generator):
    """Sources that differ from this one in some places."""
    for _ in range(6):
        text = source
        for _ in range(generator.choice([1, 1, 1, 2, 3])):
            at = generator.randrange(len(text) + 1)
            kind = generator.randrange(6)
            if kind == 0:
                text = text[:at] + generator.choice(PIECES) + text[at:]
            elif kind == 1:
                text = text[:at] + text[at + generator.randrange(1, 4) :]
            elif kind == 2:
                lines = text.split("\n")
                at = generator.randrange(len(lines))
                if generator.randrange(2):
                    del lines[at]
                else:
                    lines.insert(at, generator.choice(["", "# comment", "    # comment", "    ", '"doc"', "    'doc'", "        'doc'"]))
                text = "\n".join(lines)
            elif kind == 3:
                # At a place where layout changes: after a bracket, a comma or a quote.
                places = [i for i, c in enumerate(text) if c in "([{,)]}'\"\\\n"]
                if places:
                    at = generator.choice(places) + generator.randrange(2)
                    text = text[:at] + generator.choice(PIECES) + text[at:]
            elif kind == 4:
                places = [i for i, c in enumerate(text) if c in "()[]{},:'\"\\ \n"]
                if places:
                    at = generator.choice(places)
                    text = text[:at] + text[at + 1 :]
            else:
                at, to = sorted((at, min(len(text), at + generator.randrange(30))))
                text = text[:at] + text[at:to].replace("'", '"') + text[to:]
        yield text


def snippets(source, generator):
    """Whole functions, so that small edits stay valid often."""
    lines = source.splitlines(keepends=True)
    for _ in range(8):
        start = generator.randrange(max(1, len(lines)))
        while start > 0 and not lines[start].startswith(("def ", "class ", "@")):
            start -= 1
        end = min(len(lines), start + generator.randrange(3, 25))
        yield "".join(lines[start:end])


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    generator = random.Random(seed)
    root = os.path.dirname(os.__file__)
    files = sorted(os.path.join(folder, name) for folder, folders, names in os.walk(root) if "site-packages" not in folder for name in names if name.endswith(".py"))
    generator.shuffle(files)
    done = 0
    for file in files:
        try:
            with open(file, encoding="utf-8", newline="") as stream:
                source = stream.read()
        except (UnicodeDecodeError, OSError):
            continue
        for base in snippets(source, generator):
            texts = [base, *edits(base, generator)]
            print(json.dumps([[text, tree(text, True), tree(text, False)] for text in texts]))
            done += len(texts)
        if done >= count:
            return


main()
