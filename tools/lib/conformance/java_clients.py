"""Kafka's own Java clients: the stock console tools, the verifiable clients, Kafka Streams."""

import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
import zipfile

from conformance.kafka import LISTS, running
from conformance.suites import (BUILD, TestList, Unable, note, run_limited, run_suite, server_of,
                                tail)

VERSIONS = ("4.4.0", "3.9.1")
MAVEN_TIMEOUT = 600
STREAMS_KILLS = 3
WORDS = 3000  # lines for the word count

LOGGERS = ("SLF4J:", "log4j:")  # their complaints come among the output

POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>wherry</groupId><artifactId>conformance</artifactId><version>1</version>
  <dependencies>{dependencies}</dependencies>
</project>
"""


def jars(version):
    """The folder with the clients and tools of a release, from Maven Central the first time."""
    folder = BUILD / f"kafka-java-{version}"
    if (folder / "done").exists():
        return folder / "jars"
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise Unable(f"{program} is not installed")
    artifacts = [("org.apache.kafka", name, version)
                 for name in ("kafka_2.13", "kafka-tools", "kafka-streams", "kafka-clients")]
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{number}</version></dependency>" for group, name, number in artifacts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(POM.format(dependencies=dependencies))
    note(f"getting Kafka {version}'s jars")
    status, output = run_limited(["mvn", "-q", "-B", "dependency:copy-dependencies",
                                  f"-DoutputDirectory={folder / 'jars'}"], MAVEN_TIMEOUT,
                                 cwd=folder)
    if status != 0:
        raise Unable(f"Maven could not get Kafka {version}: {tail(output)}")
    (folder / "done").touch()
    return folder / "jars"


class Complaint(Exception):
    """What a test found wrong."""


def expect(condition, complaint):
    if not condition:
        raise Complaint(complaint)


class Tools:
    """The console tools of one release, against one server."""

    def __init__(self, folder, urls, limit):
        self.classpath = f"{folder}/*"
        self.broker = urls["kafka"][0].removeprefix("kafka://")
        self.http = urls["http"][0]
        self.limit = limit
        self.folder = tempfile.mkdtemp(prefix="java-")

    def first_of(self, *mains):
        """The one that this release has: classes move between packages."""
        for main in mains:
            for jar in pathlib.Path(self.classpath).parent.glob("kafka*.jar"):
                with zipfile.ZipFile(jar) as archive:
                    if main.replace(".", "/") + ".class" in archive.namelist():
                        return main
        raise Complaint(f"there is none of {' '.join(mains)}")

    def command(self, main, *arguments):
        return ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", self.classpath, main,
                *map(str, arguments)]

    def run(self, main, *arguments, fails=False, **kind):
        status, output = run_limited(self.command(main, *arguments), self.limit, **kind)
        expect(status is not None, f"{main} was not done in {self.limit} s: {tail(output)}")
        expect(fails is None or (status != 0) == fails,
               f"{main} {' '.join(map(str, arguments))} ended with {status}: {tail(output)}")
        return output

    def topics(self, *arguments, **kind):
        return self.run("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.broker,
                        *arguments, **kind)

    def groups(self, *arguments, **kind):
        return self.run("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                        "--bootstrap-server", self.broker, *arguments, **kind)

    def control(self, operation):
        """The answer of the server's own control."""
        request = urllib.request.Request(f"{self.http}/control/{operation}", data=b"{}",
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=self.limit) as answer:
            return json.load(answer)

    def file(self, name, text):
        path = pathlib.Path(self.folder) / name
        path.write_text(text)
        return path

    def produce(self, topic, lines, *properties):
        """By the console producer; a line may be KEY:VALUE."""
        process = subprocess.Popen(
            self.command(self.first_of("org.apache.kafka.tools.ConsoleProducer",
                                       "kafka.tools.ConsoleProducer"),
                         "--bootstrap-server", self.broker, "--topic", topic, "--property",
                         "parse.key=true", "--property", "key.separator=:", *properties),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            output = process.communicate("".join(f"{line}\n" for line in lines), self.limit)[0]
        finally:
            process.kill()
        expect(process.returncode == 0, f"the console producer failed: {tail(output)}")

    def consume(self, topic, count, *arguments):
        """The lines that the console consumer writes: KEY:VALUE."""
        output = self.run("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server",
                          self.broker, "--topic", topic, "--max-messages", count, "--timeout-ms",
                          "60000", "--property", "print.key=true", "--property",
                          "key.separator=:", *arguments)
        return [line for line in output.splitlines() if re.fullmatch(r"\w*:.*", line)
                and not line.startswith(LOGGERS)]


# The tests. Each gets the tools, and complains by Complaint.

def topics(tools):
    tools.topics("--create", "--topic", "orders", "--partitions", "3", "--config",
                 "retention.ms=1000000")
    said = tools.topics("--describe", "--topic", "orders")
    expect(re.search(r"PartitionCount: 3\s", said) and "retention.ms=1000000" in said, said)
    tools.topics("--alter", "--topic", "orders", "--partitions", "5")
    expect(tools.topics("--describe", "--topic", "orders").count("Leader: ") == 5,
           "there are not 5 partitions")
    expect("orders" in tools.topics("--list").split(), "the topic is not listed")
    tools.topics("--create", "--topic", "orders", fails=True)
    tools.topics("--delete", "--topic", "orders")
    expect("orders" not in tools.topics("--list").split(), "the topic is still listed")


def configs(tools):
    tools.topics("--create", "--topic", "orders")
    change = ("--bootstrap-server", tools.broker, "--entity-type", "topics", "--entity-name",
              "orders")
    command = tools.first_of("org.apache.kafka.tools.ConfigCommand", "kafka.admin.ConfigCommand")
    tools.run(command, *change, "--alter", "--add-config",
              "retention.ms=5000,cleanup.policy=compact")
    said = tools.run(command, *change, "--describe")
    expect("retention.ms=5000" in said and "cleanup.policy=compact" in said, said)
    tools.run(command, *change, "--alter", "--delete-config", "retention.ms")
    expect("retention.ms=5000" not in tools.run(command, *change, "--describe"),
           "it was not deleted")
    tools.run(command, *change, "--alter", "--add-config", "retention.ms=soon", fails=True)


def console(tools):
    tools.topics("--create", "--topic", "lines", "--partitions", "2")
    lines = [f"k{i}:v{i}" for i in range(200)]
    tools.produce("lines", lines, "--producer-property", "compression.type=zstd")
    read = tools.consume("lines", 200, "--from-beginning")
    expect(sorted(read) == sorted(lines), f"{len(read)} lines came back")


def groups(tools):
    tools.topics("--create", "--topic", "lines", "--partitions", "2")
    tools.produce("lines", [f"k{i}:v{i}" for i in range(100)])
    tools.consume("lines", 100, "--from-beginning", "--group", "readers")
    expect("readers" in tools.groups("--list").split(), "the group is not listed")
    said = tools.groups("--describe", "--group", "readers")
    lags = [int(row.split()[5]) for row in said.splitlines() if row.startswith("readers")]
    expect(lags == [0, 0], said)
    tools.groups("--reset-offsets", "--group", "readers", "--topic", "lines", "--to-earliest",
                 "--execute")
    said = tools.groups("--describe", "--group", "readers", "--offsets")
    lags = [int(row.split()[5]) for row in said.splitlines() if row.startswith("readers")]
    expect(sum(lags) == 100, said)
    expect("Empty" in tools.groups("--describe", "--group", "readers", "--state"), "not empty")
    tools.groups("--delete-offsets", "--group", "readers", "--topic", "lines:0")
    tools.groups("--delete", "--group", "readers")
    expect("readers" not in tools.groups("--list").split(), "the group is still listed")


def offsets(tools):
    tools.topics("--create", "--topic", "lines", "--partitions", "1")
    tools.produce("lines", [f"k:v{i}" for i in range(50)])
    shell = "org.apache.kafka.tools.GetOffsetShell"
    said = tools.run(shell, "--bootstrap-server", tools.broker, "--topic", "lines", "--time", "-1")
    expect("lines:0:50" in said, said)
    path = tools.file("trim.json", json.dumps(
        {"partitions": [{"topic": "lines", "partition": 0, "offset": 20}], "version": 1}))
    tools.run("org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", tools.broker,
              "--offset-json-file", path)
    said = tools.run(shell, "--bootstrap-server", tools.broker, "--topic", "lines", "--time", "-2")
    expect("lines:0:20" in said, said)


def verifiable(tools):
    tools.topics("--create", "--topic", "numbers", "--partitions", "4")
    said = tools.run("org.apache.kafka.tools.VerifiableProducer", "--bootstrap-server",
                     tools.broker, "--topic", "numbers", "--max-messages", "20000", "--acks", "-1")
    summary = json.loads(said.strip().splitlines()[-1])
    expect(summary["acked"] == 20000, said[-500:])
    said = tools.run("org.apache.kafka.tools.VerifiableConsumer", "--bootstrap-server",
                     tools.broker, "--topic", "numbers", "--group-id", "verifiers",
                     "--max-messages", "20000", "--reset-policy", "earliest", "--verbose")
    values = [json.loads(line).get("value") for line in said.splitlines()
              if '"name":"record_data"' in line]
    expect(sorted(map(int, values)) == list(range(20000)), f"{len(values)} records were consumed")


def transactions(tools):
    tools.topics("--create", "--topic", "paid", "--partitions", "1")
    tools.run("org.apache.kafka.tools.ProducerPerformance", "--topic", "paid", "--num-records",
              "5000", "--record-size", "100", "--throughput", "-1", "--transactional-id", "payer",
              "--transaction-duration-ms", "50", "--producer-props",
              f"bootstrap.servers={tools.broker}")
    lines = tools.consume("paid", 5000, "--from-beginning", "--isolation-level", "read_committed")
    expect(len(lines) == 5000, f"{len(lines)} records are committed")
    said = tools.run("org.apache.kafka.tools.TransactionsCommand", "--bootstrap-server",
                     tools.broker, "list")
    expect("payer" in said and "CompleteCommit" in said, said)


def cluster(tools):
    said = tools.run("org.apache.kafka.tools.ClusterTool", "cluster-id", "--bootstrap-server",
                     tools.broker)
    expect("Cluster ID: " in said, said)
    tools.topics("--create", "--topic", "orders")
    said = tools.run("org.apache.kafka.tools.LogDirsCommand", "--bootstrap-server", tools.broker,
                     "--describe", "--topic-list", "orders")
    expect('"partition":"orders-0"' in said, said)
    tools.run(tools.first_of("org.apache.kafka.tools.BrokerApiVersionsCommand",
                             "kafka.admin.BrokerApiVersionsCommand"), "--bootstrap-server",
              tools.broker)
    tools.run("org.apache.kafka.tools.LeaderElectionCommand", "--bootstrap-server", tools.broker,
              "--election-type", "preferred", "--topic", "orders", "--partition", "0")


def consumer_protocol(tools):
    tools.topics("--create", "--topic", "lines", "--partitions", "3")
    tools.produce("lines", [f"k{i}:v{i}" for i in range(100)])
    tools.consume("lines", 100, "--group", "modern", "--consumer-property",
                  "group.protocol=consumer", "--consumer-property", "auto.offset.reset=earliest")
    said = tools.groups("--describe", "--group", "modern")
    lags = [int(row.split()[5]) for row in said.splitlines() if row.startswith("modern")]
    expect(lags == [0, 0, 0], said)


def telemetry(tools):
    """What kafka-client-metrics.sh asks for is what a producer pushes."""
    command = ("org.apache.kafka.tools.ClientMetricsCommand", "--bootstrap-server", tools.broker)
    tools.run(*command, "--alter", "--name", "producers", "--metrics", "org.apache.kafka.producer.",
              "--interval", "100", "--match", "client_software_name=apache-kafka-java")
    said = tools.run(*command, "--describe", "--name", "producers")
    expect("interval.ms=100" in said, said)
    tools.topics("--create", "--topic", "lines")
    tools.produce("lines", [f"k{i}:v{i}" for i in range(100)])
    clients = [client for client in tools.control("kafka/telemetry")["clients"]
               if client["client"] == "console-producer"]
    expect(len(clients) == 1, clients)
    [producer] = clients
    expect(producer["pushes"] > 0 and producer["terminating"], producer)
    expect(producer["metrics"], "the last push has no metrics")
    others = [name for name in producer["metrics"]
              if not name.startswith("org.apache.kafka.producer.")]
    expect(not others, f"nobody asked for {others}")
    tools.run(*command, "--delete", "--name", "producers")
    expect("producers" not in tools.run(*command, "--list"), "the subscription is still listed")


def streams(tools):
    """A word count that is killed and started again: every count is exact, and comes once."""
    for topic in ("text", "counts"):
        tools.topics("--create", "--topic", topic, "--partitions", "2")
    chance = random.Random(1)
    lines = [" ".join(chance.choice("oar sail mast keel rope".split()) for _ in range(5))
             for _ in range(WORDS)]
    expected = collections.Counter(word for line in lines for word in line.split())
    source = LISTS / "java" / "WordCount.java"
    state = pathlib.Path(tools.folder) / "state"
    piece = len(lines) // (STREAMS_KILLS + 1)
    for start in range(STREAMS_KILLS + 1):
        process = subprocess.Popen(["java", "-cp", tools.classpath, source, tools.broker, state,
                                    "text", "counts"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            first = start * piece
            last = None if start == STREAMS_KILLS else first + piece
            tools.produce("text", [f"l:{line}" for line in lines[first:last]])
            if start < STREAMS_KILLS:
                tools.consume("counts", 1 + start * 100, "--from-beginning")
                continue
            await_counts(tools, expected, process)
        finally:
            process.kill()
            process.wait()


def await_counts(tools, expected, process):
    """Until the latest counts are all there; each count of a word must have come exactly once."""
    deadline = time.monotonic() + tools.limit
    while True:
        output = tools.run("org.apache.kafka.tools.consumer.ConsoleConsumer",
                           "--bootstrap-server", tools.broker, "--topic", "counts",
                           "--from-beginning", "--timeout-ms", "3000", "--isolation-level",
                           "read_committed", "--property", "print.key=true", "--property",
                           "key.separator=:", fails=None)
        counts = collections.defaultdict(list)
        for word, count in re.findall(r"(?m)^(\w+):(\d+)$", output):
            counts[word].append(int(count))
        if {word: max(numbers) for word, numbers in counts.items()} == expected:
            break
        expect(process.poll() is None, "Kafka Streams ended")
        expect(time.monotonic() < deadline,
               f"expected {expected}, there is { {w: max(n) for w, n in counts.items()} }")
    for word, numbers in counts.items():
        expect(numbers == sorted(set(numbers)), f"the counts of {word} came twice or fell")


TESTS = {test.__name__: test for test in
         (topics, configs, console, groups, offsets, verifiable, transactions, cluster,
          consumer_protocol, telemetry, streams)}


class Java:
    """One test with the tools of one release, against a server of its own."""

    prefix = ["any port"]

    def __init__(self, options, server):
        self.options = options
        self.server = server
        self.jars = {version: jars(version) for version in VERSIONS}

    def suite(self):
        return [f"{name}-{version}" for name in TESTS for version in VERSIONS]

    def run(self, name):
        """(seconds, None or the complaint)"""
        test, version = name.split("-", 1)
        started = time.monotonic()
        with running(self.server) as urls:
            tools = Tools(self.jars[version], urls, self.options.timeout)
            try:
                TESTS[test](tools)
                complaint = None
            except (Complaint, subprocess.TimeoutExpired) as found:
                complaint = str(found)
            finally:
                shutil.rmtree(tools.folder, ignore_errors=True)
        return time.monotonic() - started, complaint

    def __str__(self):
        return f"Kafka's Java clients {' and '.join(VERSIONS)}"


def java(options):
    tests = TestList(LISTS / "java.txt")
    return run_suite(options, tests, Java(options, server_of(options, "wherry", "wherry_server")))


def add_suites(suites, common):
    suite = suites.add_parser(
        "java", parents=[common], help="Kafka's Java clients, console tools and Streams",
        description="What people run beside a Kafka: its console tools, the verifiable clients, a "
        "word count of Kafka Streams that is killed and started again, of two releases. A failure "
        "is a test in tests/conformance/kafka/java.txt that does not pass.")
    suite.set_defaults(run=java, timeout=180)
