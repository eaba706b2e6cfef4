"""Stamps of many files, held in few objects."""

import os
import sys
import tempfile
import unittest

from task_workspace import BOOTSTRAP

sys.path.insert(0, os.path.dirname(BOOTSTRAP))
from _runweave.watched_files import _Files, stamp  # noqa: E402


class FilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.paths = [os.path.join(folder.name, name) for name in ("a b", "ü€", "\udcff", "old", "missing")]
        for path in self.paths[:-1]:
            self.write(path, "1")
        # Before 1970.
        os.utime(self.paths[3], (-(10**9), -(10**9)))
        self.stamps = {path: stamp(path) for path in self.paths}

    def write(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def test_files_that_are_as_they_were_have_not_changed(self):
        self.assertIsNone(_Files(self.stamps).first_changed())
        self.assertIsNone(_Files({}).first_changed())

    def test_the_first_that_has_changed_is_named(self):
        for path in self.paths[:-1]:
            with self.subTest(path):
                files = _Files({each: stamp(each) for each in self.paths})
                self.write(path, "22")
                self.assertEqual(files.first_changed(), path)

    def test_what_comes_or_goes_has_changed(self):
        files = _Files(self.stamps)
        self.write(self.paths[-1], "")
        self.assertEqual(files.first_changed(), self.paths[-1])
        os.remove(self.paths[1])
        self.assertEqual(files.first_changed(), self.paths[1])

    def test_nothing_equals_what_came_while_modules_were_imported(self):
        self.assertEqual(_Files({**self.stamps, self.paths[2]: ()}).first_changed(), self.paths[2])
        self.assertEqual(_Files({self.paths[-1]: ()}).first_changed(), self.paths[-1])
