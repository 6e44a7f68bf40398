"""Every ```python block of the README, run: with pytest where it has tests, else as it stands."""

import importlib.util
import pathlib
import re
import unittest

from tests.test_pytest_plugin import run_pytest

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


class ReadmeTest(unittest.TestCase):
    def test_the_first_block_runs(self):
        exec(compile(BLOCKS[0], "README.md", "exec"), {})

    @unittest.skipUnless(importlib.util.find_spec("pytest"), "pytest is not installed")
    def test_the_others_are_tests_that_pass(self):
        run = run_pytest(tests="import wherry\n" + "\n".join(BLOCKS[1:]))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"6 passed|5 passed, 1 skipped")


if __name__ == "__main__":
    unittest.main()
