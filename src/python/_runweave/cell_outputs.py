"""Bounds of what a cell shows: in the evaluated notebook, and in the line that tells of the cell while others run.

A cell that prints a gigabyte would otherwise make a notebook that nothing can open. Of its text the beginning and the
end are kept, with a line between them that says how much is left out; all of it went to the task's output as it came.
"""

import collections

HEAD = 512 * 1024
TAIL = 128 * 1024

# What a view gets of one cell, in characters.
_shown_source = 20_000
_shown_text = 20_000
_shown_html = 100_000
_shown_picture = 1_000_000
_shown_outputs = 50
_pictures = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_plotly = "application/vnd.plotly.v1+json"


class PrintedText:
    """What one cell prints, beyond what the notebook has taken so far."""

    def __init__(self):
        self._room = HEAD
        self._tail = collections.deque()
        self._held = 0
        self._left_out = 0

    def take(self, name, text):
        """The part of `text` that goes into the notebook at once; the rest waits for the end."""
        head, rest = text[: self._room], text[self._room :]
        self._room -= len(head)
        if rest:
            self._tail.append((name, rest))
            self._held += len(rest)
            while self._held - len(self._tail[0][1]) >= TAIL:
                _, gone = self._tail.popleft()
                self._held -= len(gone)
                self._left_out += len(gone)
            if self._held > TAIL:
                name, oldest = self._tail[0]
                surplus = self._held - TAIL
                self._tail[0] = (name, oldest[surplus:])
                self._held -= surplus
                self._left_out += surplus
        return head

    def end(self):
        """Stream outputs that follow what was taken, when the cell has ended."""
        pieces = list(self._tail)
        if self._left_out:
            note = f"\n… {self._left_out:,} characters are left out here …\n"
            pieces.insert(0, ("stderr", note))
        self._tail.clear()
        self._held = self._left_out = 0
        return pieces


def for_view(outputs):
    """The outputs of a cell, as far as a view shows them: nbformat 4, bounded."""
    shown = [_shown(output) for output in outputs[:_shown_outputs]]
    if len(outputs) > len(shown):
        shown.append(_note(f"… {len(outputs) - len(shown)} more outputs are in the evaluated notebook"))
    return shown


def source_for_view(source):
    return _cut(source, _shown_source)


def _shown(output):
    kind = output["output_type"]
    if kind == "stream":
        return {"output_type": "stream", "name": output["name"], "text": _cut(output["text"], _shown_text)}
    if kind == "error":
        trace = _cut("\n".join(output["traceback"]), _shown_text)
        return {"output_type": "error", "ename": output["ename"], "evalue": output["evalue"], "traceback": [trace]}
    return {"output_type": kind, "metadata": {}, "data": _shown_data(output.get("data", {}))}


def _shown_data(data):
    """The richest form that a view can show, and the text."""
    shown = {}
    if "text/plain" in data:
        shown["text/plain"] = _cut(data["text/plain"], _shown_text)
    picture = next((name for name in _pictures if name in data), None)
    if picture is not None and len(data[picture]) <= _shown_picture:
        shown[picture] = data[picture]
    elif _plotly in data:
        shown[_plotly] = _plotly_summary(data[_plotly])
    elif "text/html" in data and len(data["text/html"]) <= _shown_html:
        shown["text/html"] = data["text/html"]
    if not shown:
        names = ", ".join(data) or "nothing"
        shown["text/plain"] = f"({names}: see the evaluated notebook)"
    return shown


def _plotly_summary(figure):
    """What a view says of a figure: its title, and the types of its traces."""
    traces = figure.get("data", []) if isinstance(figure, dict) else []
    layout = figure.get("layout", {}) if isinstance(figure, dict) else {}
    return {
        "data": [{"type": trace.get("type", "scatter")} for trace in traces[:100] if isinstance(trace, dict)],
        "layout": {"title": layout.get("title")},
    }


def _note(text):
    return {"output_type": "stream", "name": "stderr", "text": text}


def _cut(text, limit):
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters are left out here …\n{text[-half:]}"
