"""The fixtures, in runs of pytest of their own, plain and under xdist where that is installed."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = """
import pytest


@pytest.mark.parametrize("n", range(6))
def test_each_has_a_world_of_its_own(broker, n):
    assert broker.topics() == []
    broker.create_topic("orders")
    broker.append("orders", f"{n}")
    assert [record.value for record in broker.records("orders")] == [f"{n}".encode()]


def test_shares_the_broker(broker, wherry_broker):
    assert broker.name == "test_here.py::test_shares_the_broker"
    assert wherry_broker.name == "default"
    assert broker.call("broker.info")["urls"] != wherry_broker.call("broker.info")["urls"]


@pytest.mark.wherry(nats_max_payload=4)
def test_has_its_own_broker(broker, wherry_broker):
    assert broker.name == "default"
    assert broker.nats_url != wherry_broker.nats_url
    with pytest.raises(ValueError, match="4"):
        broker.publish("s", b"12345")


def test_options_come_from_conftest(broker):
    broker.call("kafka.create_topic", topic="t")
    assert broker.append("t", b"v", partition=2).partition == 2
"""

LINTED = """
import socket

import pytest


def open_client(broker):
    client = socket.create_connection(("127.0.0.1", int(broker.nats_url.rsplit(":")[-1])))
    lines = client.makefile("rb")
    lines.readline()
    client.sendall(b'CONNECT {"verbose":false}\\r\\nPUB nobody.hears 1\\r\\nx\\r\\nPING\\r\\n')
    assert lines.readline() == b"PONG\\r\\n"
    return client


def test_left_wrong(broker):
    global leaked
    leaked = open_client(broker)


@pytest.mark.wherry_allow("unreceived", "leaked_connection")
def test_may_do_so(broker):
    global leaked
    leaked = open_client(broker)


@pytest.mark.wherry_allow
def test_may_do_anything(broker):
    global leaked
    leaked = open_client(broker)


@pytest.mark.wherry(history=0)
def test_is_not_looked_at(broker):
    open_client(broker).close()
"""

CONFTEST = """
import pytest


@pytest.fixture(scope="session")
def wherry_options():
    return {"kafka_default_partitions": 3}
"""


def run_pytest(*arguments, tests=TESTS):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "test_here.py").write_text(tests)
        (path / "conftest.py").write_text(CONFTEST)
        package = str(pathlib.Path(__file__).parents[1])
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "wherry.pytest_plugin", "--strict-markers"]
            + ["-p", "no:cacheprovider", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": package},
            capture_output=True,
            text=True,
        )


@unittest.skipUnless(importlib.util.find_spec("pytest"), "pytest is not installed")
class PluginTest(unittest.TestCase):
    def test_fixtures(self):
        run = run_pytest()
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("9 passed", run.stdout)

    def test_lint_fails_what_left_something_wrong(self):
        run = run_pytest(tests=LINTED)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("4 passed, 1 error", run.stdout)
        self.assertIn("[unreceived]", run.stdout)
        self.assertIn("nobody.hears", run.stdout)
        self.assertIn("[leaked_connection]", run.stdout)

    @unittest.skipUnless(importlib.util.find_spec("xdist"), "pytest-xdist is not installed")
    def test_fixtures_under_xdist(self):
        run = run_pytest("-n", "2")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("9 passed", run.stdout)


if __name__ == "__main__":
    unittest.main()
