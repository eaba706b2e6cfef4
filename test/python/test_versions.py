"""The helper and the bootstrap run on every Python from 3.9 on."""

import ast
import os
import unittest

from task_workspace import SOURCES


class Versions(unittest.TestCase):
    def test_every_file_is_python_3_9(self):
        files = [os.path.join(base, name) for base, _, names in os.walk(SOURCES) for name in names if name.endswith(".py")]
        self.assertGreater(len(files), 10)
        for file in files:
            with open(file, encoding="utf-8") as source, self.subTest(file):
                ast.parse(source.read(), file, feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
