"""Servers to measure, programs that load them, and the tables of what came out."""

import json
import os
import pathlib
import select
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "bench"
LOADS = BUILD / "bench"
RUN_TIMEOUT = 180  # seconds
START_TIMEOUT = 10


class Failure(Exception):
    """A server or a program did not do what it was started for."""


class Server:
    """A running server of one kind; a context manager that ends it by its own process id."""

    stdout = subprocess.DEVNULL

    def __init__(self, command, pass_fds=()):
        self.command = [str(word) for word in command]
        self.pass_fds = pass_fds
        self.process = None
        self.complaints = tempfile.TemporaryFile()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=self.stdout, stderr=self.complaints,
                                        pass_fds=self.pass_fds)
        try:
            self.ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(START_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.complaints.close()

    def failure(self, what):
        """The failure, with the last line that the server wrote about it."""
        self.complaints.seek(0)
        lines = self.complaints.read().decode(errors="replace").strip().splitlines()
        return Failure(": ".join([f"{pathlib.Path(self.command[0]).name} {what}", *lines[-1:]]))

    def first_line(self, pipe):
        """What the server says once it is ready."""
        if not select.select([pipe], [], [], START_TIMEOUT)[0]:
            raise self.failure("did not get ready")
        line = pipe.readline()
        if not line:
            raise self.failure("ended before it was ready")
        return line.decode().strip()

    def ready(self):
        raise NotImplementedError

    def shown(self):
        return shown(self.command)


class Wherry(Server):
    """Our server, in memory or on disk; it says on a descriptor where it listens."""

    def __init__(self, program, protocol, *more, on_disk=False):
        self.protocol = protocol
        self.read_fd, self.write_fd = os.pipe()
        self.data = tempfile.TemporaryDirectory(dir=BUILD) if on_disk else None  # ends with us
        where = ["--data-dir", self.data.name] if on_disk else ["--ephemeral"]
        super().__init__([program, *where, "--listen", "nats://127.0.0.1:0", "--listen",
                          "kafka://127.0.0.1:0", *more, "--ready-fd", self.write_fd],
                         [self.write_fd])

    def ready(self):
        os.close(self.write_fd)  # only the server has it now: its end is seen
        with os.fdopen(self.read_fd, "rb") as pipe:
            line = self.first_line(pipe)
        self.address = json.loads(line)[self.protocol][0].split("://")[-1]

    def shown(self):
        command = shown([*self.command[:-1], "N"])
        return command.replace(shown([self.data.name]), "DIRECTORY") if self.data else command


class NatsServer(Server):
    """Any version of nats-server, with its defaults."""

    def __init__(self, program):
        self.port = free_port()
        super().__init__([program, "-a", "127.0.0.1", "-p", self.port])
        self.address = f"127.0.0.1:{self.port}"

    def ready(self):
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.005)
        raise self.failure("does not listen")

    def shown(self):
        return shown([*self.command[:-1], "PORT"])


class Copier(Server):
    """The floor: copies bytes and parses nothing."""

    stdout = subprocess.PIPE

    def __init__(self, arguments):
        super().__init__([LOADS / "forwarder", *arguments])

    def ready(self):
        self.address = "127.0.0.1:" + self.first_line(self.process.stdout)


class Mock(Server):
    """librdkafka's mock broker."""

    stdout = subprocess.PIPE

    def __init__(self, partitions):
        super().__init__([LOADS / "kafka_mock", f"bench:{partitions}"])

    def ready(self):
        self.address = self.first_line(self.process.stdout)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def shown(command):
    """A command as one would type it in the root of the repository."""
    return shlex.join(str(word).removeprefix(f"{ROOT}/") for word in command)


def note(text):
    print(text, file=sys.stderr, flush=True)


def run_load(command):
    """The JSON lines that a load program prints, one for each of its rows."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=RUN_TIMEOUT, text=True)
    except subprocess.TimeoutExpired:
        raise Failure(f"nothing within {RUN_TIMEOUT} s") from None
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise Failure(f"{pathlib.Path(command[0]).name} ended with {done.returncode}")
    return lines


class Results:
    """Figures by (row, column), one dictionary for each round; remembers failures and commands."""

    def __init__(self):
        self.rounds = {}
        self.failures = {}
        self.commands = {}

    def take(self, row, column, line):
        if "failed" in line:
            self.failures.setdefault((row, column), line["failed"])
            note(f"  {column}: FAILED: {line['failed']}")
        else:
            self.rounds.setdefault((row, column), []).append(line)

    def run(self, rows, column, server, load):
        """Starts the server, runs the load, takes line i as rows[i]; a failure fails all."""
        try:
            with server() as running:
                self.commands.setdefault(("server", column), running.shown())
                typed = shown([*load, "ADDRESS", "--pid", "PID"])
                self.commands.setdefault((rows[0], column), typed)
                lines = run_load([*load, running.address, "--pid", running.process.pid])
                if running.process.poll() is not None:
                    raise running.failure("ended during the run")
        except (Failure, OSError) as failure:
            lines = [{"failed": str(failure)}] * len(rows)
        for row, line in zip(rows, lines):
            self.take(row, column, line)

    def value(self, row, column, field):
        """The median of the rounds; None if there is none, or if any round failed."""
        if (row, column) in self.failures:
            return None
        values = [line[field] for line in self.rounds.get((row, column), []) if field in line]
        return statistics.median(values) if values else None

    def cell(self, row, column, field, form):
        failure = self.failures.get((row, column))
        return f"FAILED: {failure}" if failure else form(self.value(row, column, field))


def number(value):
    """Three digits that count, never in powers of ten."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def count(value):
    if value is None:
        return "-"
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return number(value / limit) + unit
    return number(value)


def mebibytes(kib):
    return "-" if kib is None else number(kib / 1024)


def ratio(ours, theirs):
    return "-" if ours is None or not theirs else f"{ours / theirs:.2f}"


def percentiles(results, row, column):
    if results.value(row, column, "p50_us") is None:
        return "-"
    return (f"{results.value(row, column, 'p50_us'):.0f} / "
            f"{results.value(row, column, 'p99_us'):.0f}")


def table(header, rows):
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def alternate(columns, round_number):
    """A B C, C B A, A B C ...: nobody always runs on the machine the other left behind."""
    return columns if round_number % 2 == 0 else columns[::-1]


def first_line(command):
    try:
        return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, cwd=ROOT).stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return "unknown"
