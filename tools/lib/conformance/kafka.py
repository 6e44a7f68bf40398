"""Kafka: the tests of librdkafka and franz-go, one process and one server for each."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from conformance.librdkafka_servers import PASSWORD, USER, setup_of
from conformance.suites import (BUILD, Failure, ROOT, TestList, UNABLE, Unable, go, need_go,
                                note, run_limited, run_suite, server_of, tail)

LISTS = ROOT / "tests" / "conformance" / "kafka"
DEBIAN_VERSION = "2.0.2"
BUILD_TIMEOUT = 1800  # seconds to compile librdkafka and its tests on a slow machine
READY_TIMEOUT = 10  # seconds until the server says where it listens
# What the tests take the broker for; they cannot ask. Those of later releases skip 0092 (message
# formats that Kafka 4 has dropped) by it.
KAFKA_VERSION = "4.0.0"
PARTITIONS = 4  # of a topic created without a number: what librdkafka's scenario "default" has


# Debian's source package.

def debian_sources(folder):
    """Debian's source lists as they are on this machine, for source packages."""
    lists = folder / "sources"
    shutil.rmtree(lists, ignore_errors=True)
    lists.mkdir(parents=True)
    for path in [pathlib.Path("/etc/apt/sources.list"),
                 *pathlib.Path("/etc/apt/sources.list.d").glob("*")]:
        with contextlib.suppress(OSError):
            text = path.read_text()
            if path.suffix == ".sources":
                text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", text)
            elif path.suffix == ".list":
                text = re.sub(r"(?m)^deb\s", "deb-src ", text)
            else:
                continue
            (lists / path.name).write_text(text)
    return lists


def debian_source():
    """librdkafka's source tree as Debian has it, with Debian's patches."""
    folder = BUILD / "librdkafka-debian"
    tree = folder / "source"
    if (tree / "tests" / "test.c").exists():
        return tree
    for program in ("apt-get", "dpkg-source"):
        if not shutil.which(program):
            raise Unable(f"there is no {program}")
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    apt = ["apt-get", "-q", "-o", "Dir::Etc::SourceList=/dev/null",
           "-o", f"Dir::Etc::SourceParts={debian_sources(folder)}",
           "-o", f"Dir::State::Lists={folder / 'lists'}", "-o", "APT::Sandbox::User=root"]
    for words in (["update"], ["source", "--download-only", f"librdkafka={DEBIAN_VERSION}*"],
                  ["source", "--download-only", "librdkafka"]):
        status, output = run_limited([*apt, *words], BUILD_TIMEOUT, cwd=folder)
        if status == 0 and words[0] == "source":
            break
    if status != 0:
        raise Unable(f"Debian's source of librdkafka cannot be had: {tail(output)}")
    described = sorted(folder.glob(f"librdkafka_{DEBIAN_VERSION}-*.dsc"))
    if not described:
        raise Unable(f"Debian's librdkafka is no longer {DEBIAN_VERSION}: {tail(output)}")
    shutil.rmtree(tree, ignore_errors=True)
    status, output = run_limited(["dpkg-source", "-x", described[-1], tree], BUILD_TIMEOUT)
    if status != 0:
        raise Failure(f"unpacking librdkafka failed: {tail(output)}")
    return tree


def copied(source):
    """A copy of the source tree that may be built in."""
    if not (source / "tests" / "test.c").exists():
        raise Failure(f"{source} is not a source tree of librdkafka: it has no tests/test.c")
    tree = BUILD / f"librdkafka-{version_of_source(source)}"
    if not tree.exists():
        shutil.copytree(source, tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    return tree


def version_of_source(tree):
    found = re.search(r"#define RD_KAFKA_VERSION\s+0x(\w\w)(\w\w)(\w\w)",
                      (tree / "src" / "rdkafka.h").read_text())
    if not found:
        raise Failure(f"{tree}/src/rdkafka.h does not tell its version")
    return ".".join(str(int(part, 16)) for part in found.groups())


def make(tree, folder, program, target):
    """The program that librdkafka's makefile in the folder makes as the target."""
    program = tree / folder / program
    if program.exists():
        return program
    note(f"building librdkafka {version_of_source(tree)}, {folder}")
    log = tree / "build.log"
    jobs = str(os.cpu_count())
    with open(log, "a") as output:
        for command in ([] if (tree / "Makefile.config").exists() else
                        [["./configure", "--disable-gssapi"]]) + [
                            ["make", "-j", jobs, "libs"],
                            ["make", "-j", jobs, "-C", folder, target]]:
            if subprocess.run(command, cwd=tree, stdout=output, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=BUILD_TIMEOUT).returncode != 0:
                raise Failure(f"building librdkafka's {folder} failed: see {log}")
    return program


def build_tests(tree):
    """The suite's program."""
    return make(tree, "tests", "test-runner", "build")


def build_examples(tree):
    """The folder of librdkafka's example programs, with its performance tool."""
    return make(tree, "examples", "rdkafka_performance", "rdkafka_performance").parent


# A server for each test.

@contextlib.contextmanager
def running(server, *arguments):
    """The server as a process of its own, on free ports and in memory; its URLs."""
    read, write = os.pipe()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([server, "--ephemeral", "--ready-fd", str(write), *arguments],
                                   pass_fds=[write], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT)
        os.close(write)
        try:
            with os.fdopen(read) as ready:
                line = ready.readline()
            if not line:
                log.seek(0)
                raise Failure(f"the server did not start: {tail(log.read().decode())}")
            yield json.loads(line)
        finally:
            if process.poll() is not None:
                log.seek(0)
                raise Failure(f"the server ended by itself, with {process.returncode}: "
                              f"{tail(log.read().decode())}")
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(READY_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Librdkafka:
    """One of librdkafka's tests at a time: a process, and a server of its own."""

    prefix = ["any port"]  # nothing here uses fixed ports

    def __init__(self, options, tree, server):
        self.options = options
        self.tree = tree
        self.server = server
        self.program = build_tests(tree)
        self.scripts = BUILD / "kafka-scripts"
        tool = ROOT / "build" / options.preset / "tests" / "conformance" / "kafka_scripts"
        (self.scripts / "bin").mkdir(parents=True, exist_ok=True)
        for name in ("kafka-topics.sh", "kafka-acls.sh"):
            script = self.scripts / "bin" / name
            script.write_text(f'#!/bin/sh\nexec "{tool}" {name} "$@"\n')
            script.chmod(0o755)

    def suite(self):
        """The numbers of the tests that need a broker."""
        source = (self.tree / "tests" / "test.c").read_text()
        table = re.findall(r"_TEST\(\s*(\d{4})\w*,([^)]*)", source)
        return sorted({number for number, flags in table
                       if "TEST_F_LOCAL" not in flags and "TEST_F_MANUAL" not in flags})

    def run(self, name):
        """(seconds, None or the complaint)"""
        with tempfile.TemporaryDirectory(prefix="librdkafka-") as folder:
            setup = setup_of(name, folder)
            with running(self.server, "--kafka-default-partitions", str(PARTITIONS),
                         *setup.server) as urls:
                url = next(urls[protocol][0] for protocol in urls if protocol.startswith("kafka"))
                return self.run_against(name, setup, url.split("://")[1], folder)

    def run_against(self, name, setup, broker, folder):
        configuration = pathlib.Path(folder) / "test.conf"
        client = {"bootstrap.servers": broker, "test.topic.random": "true", **setup.client}
        configuration.write_text("".join(f"{key}={value}\n" for key, value in client.items()))
        started = time.monotonic()
        status, output = run_limited(
            [self.program, "-L", "-p1", *setup.runner], self.options.timeout,
            cwd=self.tree / "tests",
            env={**os.environ, "LD_LIBRARY_PATH": "../src:../src-cpp", "TESTS": name,
                 "TEST_KAFKA_VERSION": KAFKA_VERSION, "KAFKA_VERSION": KAFKA_VERSION,
                 "RDKAFKA_TEST_CONF": str(configuration), "KAFKA_PATH": str(self.scripts),
                 "BROKERS": broker, **self.environment, **setup.environment})
        seconds = time.monotonic() - started
        if status is None:
            return seconds, f"not done within {self.options.timeout} s\n{tail(output)}"
        said = re.sub(r"\x1b\[[0-9;]*m", "", output)
        skipped = re.findall(r"Test (\d{4}\w*) SKIPPED", said)
        if status != 0 or "ALL TESTS PASSED" not in said:
            lines = [line for line in said.splitlines() if re.search(r"TEST FAILURE|FAIL", line)]
            return seconds, "\n".join([f"exit status {status}", *lines[:4], tail(output)])
        if not re.search(rf"Test {name}\w* PASSED", said):
            return seconds, f"was skipped: {' '.join(skipped)}\n{tail(output)}"
        return seconds, None

    @property
    def environment(self):
        if not self.options.group_protocol:
            return {}
        return {"TEST_CONSUMER_GROUP_PROTOCOL": self.options.group_protocol}

    def __str__(self):
        protocol = self.options.group_protocol
        return (f"librdkafka {version_of_source(self.tree)}"
                + (f", group protocol {protocol}" if protocol else ""))


# franz-go.

class FranzGo:
    """One of franz-go's tests at a time: a process, and a server of its own."""

    prefix = ["any port"]  # nothing here uses fixed ports
    FILES = ("client", "consumer", "group", "produce_request", "share", "txn")  # with a broker
    # They look for KIP-848 before the first of a process has asked the broker.
    TWICE = ("TestGroupSimple",)
    WITH_SASL = ("TestSCRAMAuth", "TestSCRAMAuthBadCredentials", "TestOAuthAuth")
    SASL = ("--listen", "kafka+sasl_plaintext://127.0.0.1:0", "--kafka-user",
            f"{USER}:{PASSWORD}", "--kafka-sasl-mechanisms", "SCRAM-SHA-256",
            "--kafka-sasl-mechanisms", "OAUTHBEARER")

    def __init__(self, options, server):
        self.options = options
        self.server = server
        folder = BUILD / "franz-go"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(LISTS / "franz_go", folder)
        need_go(folder)
        where = go("list", "-m", "-f", "{{.Version}} {{.Dir}}", "github.com/twmb/franz-go",
                   cwd=folder)
        self.version, module = where.splitlines()[-1].split(" ", 1)
        self.tests = pathlib.Path(module) / "pkg" / "kgo"
        self.program = folder / "kgo.test"
        go("test", "-c", "-o", self.program, "./pkg/kgo", cwd=module)

    def suite(self):
        return [name for file in self.FILES
                for name in re.findall(r"^func (Test\w+)\(t \*testing\.T\)",
                                       (self.tests / f"{file}_test.go").read_text(), re.M)]

    def run(self, name):
        """(seconds, None or the complaint)"""
        pattern = "/".join(f"^{re.escape(part)}$" for part in name.split("/"))
        times = 2 if name in self.TWICE else 1
        with_sasl = name in self.WITH_SASL
        with running(self.server, *(self.SASL if with_sasl else ())) as urls:
            url = urls["kafka+sasl_plaintext" if with_sasl else "kafka"][0]
            seeds = url.split("://")[1]
            environment = {"KGO_SEEDS": seeds, "KGO_TEST_RF": "1", "KGO_LOG_LEVEL": "none"}
            if with_sasl:
                environment |= {"KGO_TEST_SCRAM_SEEDS": seeds, "KGO_TEST_OAUTH_SEEDS": seeds,
                                "KGO_TEST_SCRAM": f"{USER}:{PASSWORD}:256"}
            started = time.monotonic()
            status, output = run_limited(
                [self.program, "-test.v", "-test.run", pattern, "-test.count", str(times),
                 "-test.timeout", f"{self.options.timeout}s"], self.options.timeout + 10,
                cwd=self.tests,
                env={**os.environ, **environment})
            seconds = time.monotonic() - started
        if status is None:
            return seconds, f"not done within {self.options.timeout} s\n{tail(output)}"
        if status != 0 or f"--- PASS: {name.split('/')[0]}" not in output:
            output = output.split("\ngoroutine ")[0]  # of a panic, what it says
            return seconds, f"exit status {status}\n{tail(output)}"
        output = output[output.rindex(f"=== RUN   {name.split('/')[0]}\n"):]  # the last time
        if skipped := re.findall(r"--- SKIP: (\S+)", output):
            return seconds, f"was skipped: {' '.join(skipped)}\n{tail(output)}"
        return seconds, None

    def __str__(self):
        return f"franz-go {self.version}"


def franz_go(options):
    tests = TestList(LISTS / "franz-go.txt")
    need_go(LISTS / "franz_go")
    server = server_of(options, "wherry", "wherry_server")
    return run_suite(options, tests, FranzGo(options, server))


def librdkafka(options):
    tree = copied(options.source.resolve()) if options.source else debian_source()
    tests = TestList(LISTS / f"librdkafka-{version_of_source(tree)}.txt")
    server = server_of(options, "wherry", "wherry_server", "kafka_scripts")
    return run_suite(options, tests, Librdkafka(options, tree, server))


def add_suites(suites, common):
    suite = suites.add_parser(
        "librdkafka", parents=[common], help="librdkafka's own tests",
        description="librdkafka's tests, each in a process of its own and never in quick mode. A "
        "failure is a test in tests/conformance/kafka/librdkafka-VERSION.txt that does not pass "
        "or skips itself.")
    suite.add_argument("source", type=pathlib.Path, metavar="DIR", nargs="?",
                       help="librdkafka's source tree; without it, Debian's source package")
    suite.add_argument("--group-protocol", choices=["classic", "consumer"],
                       help="which protocol the consumers use (releases from 2.10 on)")
    suite.set_defaults(run=librdkafka)
    suite = suites.add_parser(
        "franz-go", parents=[common], help="franz-go's own tests, from its Go module",
        description="The tests of franz-go's kgo that need a broker, with the default number of "
        "records (500,000). A failure is a test in tests/conformance/kafka/franz-go.txt that does "
        f"not pass or skips itself. Ends with {UNABLE} where there is no Go for it.")
    suite.set_defaults(run=franz_go, timeout=1800)
