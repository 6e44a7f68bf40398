"""NATS: the C client's own tests, and nats-server's tests of the wire."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from conformance.suites import (BUILD, Failure, ROOT, TestList, UNABLE, go,
                                namespace_prefix, need_go, run_limited, run_suite, server_of,
                                tail, version_of)

LISTS = ROOT / "tests" / "conformance" / "nats"


# The C client's suite.

def build_nats_c(source):
    """The suite's program, built outside its source tree."""
    if not (source / "test" / "list_test.txt").exists():
        raise Failure(f"{source} is not a source tree of nats.c: it has no test/list_test.txt")
    folder = BUILD / ("nats-c-" + hashlib.sha256(str(source).encode()).hexdigest()[:8])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "build.log", "w") as log:
        for command in (["cmake", "-S", source, "-B", folder, "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                         "-DNATS_BUILD_STREAMING=OFF", "-DNATS_BUILD_EXAMPLES=OFF"],
                        ["cmake", "--build", folder, "--target", "testsuite", "--parallel",
                         str(os.cpu_count())]):
            if subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode != 0:
                raise Failure(f"building the C client failed: see {log.name}")
    programs = [path for path in (folder / "bin" / "testsuite", folder / "test" / "testsuite")
                if path.exists()]
    if not programs:
        raise Failure(f"the C client's build made no testsuite in {folder}")
    return programs[0]


class NatsC:
    """One test of the C client's suite at a time: a process, a folder, a network of its own."""

    def __init__(self, options, source, server):
        self.options = options
        self.source = source
        self.program = build_nats_c(source)
        self.prefix = namespace_prefix()
        self.environment = {**os.environ, "NATS_TEST_SERVER_EXE": str(server),
                            "NATS_TEST_SERVER_VERSION": version_of(server)}
        for name in ("NATS_TEST_VALGRIND", "NATS_TEST_TRAVIS", "NATS_TEST_KEEP_SERVER_OUTPUT"):
            self.environment.pop(name, None)

    def suite(self):
        names = (self.source / "test" / "list_test.txt").read_text()
        return re.findall(r"_test\((\w+)\)", names)

    def run(self, name):
        """(seconds, None or the complaint)"""
        with tempfile.TemporaryDirectory(prefix="nats-c-") as folder:
            for path in (self.source / "test").iterdir():
                if path.suffix in (".conf", ".txt"):
                    shutil.copy(path, folder)
            os.symlink(self.source / "test" / "certs", pathlib.Path(folder) / "certs")
            started = time.monotonic()
            status, output = run_limited([*self.prefix, self.program, name], self.options.timeout,
                                         cwd=folder, env=self.environment)
            seconds = time.monotonic() - started
            log = pathlib.Path(folder) / "server.log"
            said = f"\nserver.log:\n{tail(log.read_text(errors='replace'))}" if log.exists() else ""
        if status is None:
            return seconds, f"not done within {self.options.timeout} s\n{tail(output)}{said}"
        if "Skipping" in output:
            return seconds, f"was skipped\n{tail(output)}"
        if status != 0 or "ALL PASSED" not in output:
            return seconds, f"exit status {status}\n{tail(output)}{said}"
        return seconds, None


    def __str__(self):
        return f"nats.c with {self.environment['NATS_TEST_SERVER_VERSION']}"


# nats-server's tests of the wire.

class NatsServerTests:
    """One of nats-server's tests at a time: a process, a folder, a network of its own."""

    def __init__(self, options, tests, server):
        self.options = options
        self.server = server
        self.folder = BUILD / "nats-server-tests"
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(LISTS / "go_wire", self.folder)
        need_go(self.folder)
        module = "github.com/nats-io/nats-server/v2"
        where = go("list", "-m", "-f", "{{.Version}} {{.Dir}}", module, cwd=self.folder)
        self.module_version, self.module = where.splitlines()[-1].split(" ", 1)
        self.tests = pathlib.Path(self.module) / "test"
        self.wanted = {name.split("/")[0] for name in tests.groups}
        go("run", "./cut", "-from", self.tests, "-to", self.folder, *sorted(self.wanted),
           cwd=self.folder)
        self.program = self.folder / "wire.test"
        go("test", "-c", "-o", self.program, ".", cwd=self.folder)
        self.prefix = namespace_prefix()

    def suite(self):
        """The tests of those files that the list takes anything from."""
        suite = []
        for path in self.tests.glob("*_test.go"):
            names = re.findall(r"^func (Test\w+)\(t \*testing\.T\)", path.read_text(), re.M)
            if self.wanted.intersection(names):
                suite += names
        return suite

    def run(self, name):
        """(seconds, None or the complaint)"""
        pattern = "/".join(f"^{re.escape(part)}$" for part in name.split("/"))
        with tempfile.TemporaryDirectory(prefix="wire-") as folder:
            os.symlink(self.tests / "configs", pathlib.Path(folder) / "configs")
            started = time.monotonic()
            status, output = run_limited(
                [*self.prefix, self.program, "-test.v", "-test.run", pattern],
                self.options.timeout, cwd=folder,
                env={**os.environ, "NATS_SERVER_BIN": str(self.server), "TMPDIR": folder})
            seconds = time.monotonic() - started
        if status is None:
            return seconds, f"not done within {self.options.timeout} s\n{tail(output)}"
        if status != 0 or f"--- PASS: {name.split('/')[0]}" not in output:
            output = output.split("\ngoroutine ")[0]  # of a panic, what it says
            return seconds, f"exit status {status}\n{tail(output)}"
        return seconds, None

    def __str__(self):
        return f"nats-server's own tests {self.module_version} with {version_of(self.server)}"


def nats_c(options):
    tests = TestList(LISTS / "nats-c-tests.txt")
    server = server_of(options, "nats-server", "wherry_server")
    return run_suite(options, tests, NatsC(options, options.source.resolve(), server))


def nats_server_tests(options):
    tests = TestList(LISTS / "nats-server-tests.txt")
    need_go(LISTS / "go_wire")
    server = server_of(options, "nats-server", "wherry_server")
    return run_suite(options, tests, NatsServerTests(options, tests, server))


def add_suites(suites, common):
    suite = suites.add_parser("nats-c", parents=[common], help="the C client's own tests",
                              description="The C client's own tests. A failure is a test in "
                              "tests/conformance/nats/nats-c-tests.txt that does not pass.")
    suite.add_argument("source", type=pathlib.Path, metavar="DIR", help="the source tree of nats.c")
    suite.set_defaults(run=nats_c)
    suite = suites.add_parser("nats-server-tests", parents=[common],
                              help="nats-server's tests of the wire, from its Go module",
                              description="nats-server's tests of the wire. A failure is a test in "
                              "tests/conformance/nats/nats-server-tests.txt that does not pass. "
                              f"Ends with {UNABLE} where there is no Go for it.")
    suite.set_defaults(run=nats_server_tests)
