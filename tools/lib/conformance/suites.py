"""What every suite needs: lists of tests, results, processes, servers, networks of their own."""

import contextlib
import concurrent.futures
import fcntl
import fnmatch
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "conformance"
ALONE = "--alone"  # how tools/conformance calls itself inside a network namespace
TAIL_LINES = 12  # of what a failed test said
GO_TIMEOUT = 900  # seconds to download and compile
UNABLE = 77  # exit status: skipped, as CTest and automake have it
FLAKY_ATTEMPTS = 5  # for a test whose line in the list says that it fails now and then


class Failure(Exception):
    """What was asked for cannot be run; the message is for people."""


class Unable(Exception):
    """This machine lacks what a suite needs; one line that says what."""


def note(text):
    print(text, file=sys.stderr, flush=True)


class TestList:
    """A list of tests: names that must pass, by group, and patterns left out with their reasons.

    A line is `[group]`, a name, `~ name: why it may fail now and then`, `! name: what is not there
    yet, so that it may fail`, `- pattern ...: why it is left out`, or a comment after `#`.
    """

    def __init__(self, path):
        self.path = path
        self.groups = {}  # name -> group
        self.flaky = {}  # name -> why it may be tried again
        self.not_yet = {}  # name -> what it waits for
        self.left_out = {}  # pattern -> reason
        group = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            line = line.split("#", 1)[0].strip()
            if match := re.fullmatch(r"\[(.+)\]", line):
                group = match[1]
            elif match := re.fullmatch(r"([~!-]) ([^:]+):(.*)", line):
                mark, names, reason = match[1], match[2].split(), match[3].strip()
                if not reason:
                    raise Failure(f"{path}:{number}: {match[2]} is there without a reason")
                if mark == "-":
                    self.left_out.update(dict.fromkeys(names, reason))
                    continue
                marked = self.flaky if mark == "~" else self.not_yet
                marked.update(dict.fromkeys(names, reason))
                self.groups.update(dict.fromkeys(names, group))
            elif line and (line in self.groups or len(line.split()) != 1):
                raise Failure(f"{path}:{number}: {line} is there twice, or is no name")
            elif line:
                self.groups[line] = group

    def attempts(self, name):
        return FLAKY_ATTEMPTS if name in self.flaky else 1

    def chosen(self, only):
        return [name for name in self.groups if re.search(only, f"{self.groups[name]} {name}")]

    def unnamed(self, names):
        """Those of a suite's tests of which the list says nothing."""
        return [name for name in names if name not in self.groups
                and not any(fnmatch.fnmatchcase(name, pattern) for pattern in self.left_out)]


class Results:
    """What became of each test; prints as they come and sums up."""

    def __init__(self, tests):
        self.tests = tests
        self.failed = {}
        self.not_yet = {}
        self.flaky = []
        self.passed = []
        self.lock = threading.Lock()

    def take(self, name, seconds, complaint, attempts=1):
        """`complaint` is None if the test passed, else what it said."""
        with self.lock:
            if complaint is None:
                self.passed.append(name)
                if attempts > 1:
                    self.flaky.append(name)
            elif name in self.tests.not_yet:
                self.not_yet[name] = complaint
            else:
                self.failed[name] = complaint
            verdict = ("passed" if complaint is None else
                       "FAILED" if name in self.failed else "not yet")
            again = f", attempt {attempts}" if attempts > 1 else ""
            group = self.tests.groups[name]
            print(f"{verdict} {group} {name} ({seconds:.1f} s{again})", flush=True)

    def summary(self, what, started):
        for name, complaint in {**self.not_yet, **self.failed}.items():
            print(f"\n--- {name}\n{complaint}")
        if self.flaky:
            print(f"\npassed only when run again: {' '.join(self.flaky)}")
        if marked := [name for name in self.passed if name in self.tests.not_yet]:
            print(f"\npassed, so that its mark can go: {' '.join(marked)}")
        for name in self.not_yet:
            print(f"not yet: {name}: {self.tests.not_yet[name]}")
        if self.failed:
            print(f"\nfailed: {' '.join(self.failed)}")
        groups = {}
        for name in [*self.passed, *self.not_yet, *self.failed]:
            right, all_of_it = groups.get(self.tests.groups[name], (0, 0))
            groups[self.tests.groups[name]] = (right + (name in self.passed), all_of_it + 1)
        of_groups = ", ".join(f"{group} {right}/{all_of_it}"
                              for group, (right, all_of_it) in groups.items())
        total = len(self.passed) + len(self.not_yet) + len(self.failed)
        print(f"\n{what}: {len(self.passed)} of {total} passed ({of_groups}) "
              f"in {time.monotonic() - started:.0f} s")
        return 1 if self.failed or not total else 0


def tail(text):
    """The last lines of what a test said, without colours and empty lines."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return "\n".join([line for line in text.splitlines() if line.strip()][-TAIL_LINES:])


def run_limited(command, seconds, **kind):
    """Runs a program and whatever it starts; (exit status or None if it was too slow, output)."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True, **kind)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # servers that a failed test left behind
        process.wait()
        output.seek(0)
        return status, output.read().decode(errors="replace")


def version_of(server):
    """What the server says when asked with -v, as suites and people do."""
    status, output = run_limited([server, "-v"], 10)
    if status != 0 or not re.search(r"v\d+\.\d+\.\d+", output):
        raise Failure(f"{server} -v does not tell its version: {tail(output) or status}")
    return output.strip().splitlines()[-1]


def server_of(options, program, *targets):
    """The server under test; ours is built first unless that is not wanted."""
    if not options.server:
        options.server = ROOT / "build" / options.preset / program
        if not options.no_build:
            script = 'source tools/lib/build.sh; build "$@"'
            command = ["bash", "-euo", "pipefail", "-c", script, "tools/conformance",
                       options.preset, *targets]
            if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
                raise Failure("the build failed")
    found = shutil.which(options.server)
    if not found:
        raise Failure(f"there is no program {options.server}")
    return pathlib.Path(found).absolute()


# Network namespaces: suites use fixed ports, which in a namespace of its own are always free, and
# so several tests may run at once.

def namespace_prefix():
    """The words that run a command in a network namespace of its own; [] where that is refused."""
    words = ["unshare", "--user", "--map-root-user", "--net", "--mount", sys.executable,
             ROOT / "tools" / "conformance", ALONE]
    with contextlib.suppress(OSError):
        if subprocess.run([*words, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            return words
    return []


def run_alone(command):
    """Inside the new namespace: gives it what a machine has, and becomes the command.

    That is a loopback interface, an address that is not 127.0.0.1, and a localhost that is ::1 too.
    """
    get_flags, set_flags, set_address, up = 0x8913, 0x8914, 0x8916, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(probe, get_flags, request))[1]
        fcntl.ioctl(probe, set_flags, struct.pack("16sH14x", b"lo", flags | up))
        address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton("192.0.2.1"))
        fcntl.ioctl(probe, set_address, struct.pack("16s16s", b"lo:1", address))
    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write(f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n")
        hosts.flush()
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], stderr=subprocess.DEVNULL)
    os.execvp(command[0], command)


# Go.

def go(*words, limit=GO_TIMEOUT, **kind):
    """Runs the Go that is here, not one that it would download."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    status, output = run_limited(["go", *words], limit, env=environment, **kind)
    if status != 0:
        raise Failure(f"go {words[0]} failed: {tail(output) or f'not done within {limit} s'}")
    return output.strip()


def need_go(folder):
    """Unable says in one line why the Go module in the folder cannot be built here."""
    if not shutil.which("go"):
        raise Unable("Go is not installed")
    wanted = re.search(r"^go (\d+)\.(\d+)", (folder / "go.mod").read_text(), re.M)
    here = re.search(r"go(\d+)\.(\d+)", go("version"))
    if tuple(map(int, here.groups())) < tuple(map(int, wanted.groups())):
        raise Unable(f"Go is too old: {here[0]}, and {wanted[0]} is needed")
    try:
        go("mod", "download", cwd=folder)
    except Failure as failure:
        raise Unable(f"the modules cannot be downloaded: {failure}") from None


def run_suite(options, tests, suite):
    """Runs what the list names and returns the exit status."""
    if not suite.prefix:
        options.jobs = 1
        note("no network namespaces here: one test at a time, on ports that must be free (4222...)")
    known = suite.suite()
    for name in tests.unnamed(known):
        note(f"the suite has {name}, of which {tests.path.name} says nothing")
    results = Results(tests)
    started = time.monotonic()

    def one(name):
        for attempt in range(1, max(options.attempts, tests.attempts(name)) + 1):
            seconds, complaint = suite.run(name)
            if complaint is None:
                break
        results.take(name, seconds, complaint, attempt)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, tests.chosen(options.only)))
    return results.summary(str(suite), started)
