"""Wherry beside Apache Kafka: the same loads, at equal durability, in turns.

Kafka is one node (KRaft), its jars from Maven Central, with the heap that its own script gives it.
The loads are librdkafka's performance tool (of Debian's source package) and Kafka's Java tools.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from bench.measure import (BUILD, Failure, LOADS, Server, Wherry, alternate, free_port,
                           mebibytes, note, number, ratio, run_load, table)
from conformance.kafka import build_examples, debian_source
from conformance.suites import Failure as SuiteFailure, Unable

KAFKA_VERSION = "4.2.0"
KAFKA_START_TIMEOUT = 60  # seconds
LOAD_TIMEOUT = 300
HEAP = ["-Xmx1G", "-Xms1G", "-XX:+UseG1GC"]  # as kafka-server-start.sh
MAVEN = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>wherry</groupId><artifactId>bench</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{version}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId>
      <version>{version}</version></dependency>
  </dependencies>
</project>
"""

# payload, records
LOADS_OF = [(100, 2_000_000), (1024, 600_000), (10240, 60_000)]
PARTITIONS = [1, 8]
MANY_PARTITIONS = 1000
LATENCY_RECORDS = 10_000  # and as many before, until a JVM is warm
STARTS = 5  # to the first record, in each round


def kafka_jars():
    """The folder with Kafka's jars, from Maven Central the first time."""
    folder = BUILD / f"kafka-{KAFKA_VERSION}"
    if not (folder / "done").exists():
        for program in ("java", "mvn"):
            if not shutil.which(program):
                raise Failure(f"the table apache needs {program}, which is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(MAVEN.format(version=KAFKA_VERSION))
        done = subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies",
                               f"-DoutputDirectory={folder / 'jars'}"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise Failure(f"Maven could not get Kafka {KAFKA_VERSION}: {done.stdout[-500:]}")
        (folder / "done").touch()
    return folder / "jars"


def java(main, *arguments):
    return ["java", "-cp", f"{kafka_jars()}/*", main, *arguments]


class Kafka(Server):
    """Apache Kafka, one node."""

    def __init__(self, *properties):
        self.data = tempfile.TemporaryDirectory(dir=BUILD)
        self.port, controller = free_port(), free_port()
        configuration = pathlib.Path(self.data.name) / "server.properties"
        configuration.write_text("\n".join([
            "process.roles=broker,controller", "node.id=1",
            f"controller.quorum.voters=1@127.0.0.1:{controller}",
            f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            f"log.dirs={self.data.name}/data", "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0", *properties, ""]))
        subprocess.run(java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg",
                            "-c", str(configuration)), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        super().__init__(["java", *HEAP, *java("kafka.Kafka", str(configuration))[1:]])
        self.address = f"127.0.0.1:{self.port}"

    def ready(self):
        """Listening is not enough: until it answers, as a client would ask."""
        deadline = time.monotonic() + KAFKA_START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            asked = subprocess.run(["kcat", "-b", self.address, "-L", "-m", "1"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if asked.returncode == 0:
                return
        raise self.failure("did not get ready")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_kib(pid):
    return int(re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def run(command, limit=LOAD_TIMEOUT):
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit, text=True)
    except subprocess.TimeoutExpired:
        raise Failure(f"{pathlib.Path(command[0]).name} was not done in {limit} s") from None
    if done.returncode != 0:
        raise Failure(f"{pathlib.Path(command[0]).name} ended with {done.returncode}: "
                      f"{done.stdout.strip()[-300:]}")
    return done.stdout


class Loads:
    """The programs that load a server, as commands."""

    def __init__(self, address):
        self.address = address
        self.performance = build_examples(debian_source()) / "rdkafka_performance"

    def create(self, topic, partitions, configs=()):
        run(java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address,
                 "--create", "--topic", topic, "--partitions", str(partitions),
                 "--replication-factor", "1",
                 *(word for config in configs for word in ("--config", config))))

    def c_produce(self, topic, payload, records):
        return [self.performance, "-P", "-t", topic, "-b", self.address, "-s", str(payload),
                "-c", str(records), "-a", "-1", "-X", "linger.ms=5",
                "-X", "queue.buffering.max.messages=500000", "-q"]

    def java_produce(self, topic, payload, records):
        return java("org.apache.kafka.tools.ProducerPerformance", "--topic", topic,
                    "--num-records", str(records), "--record-size", str(payload), "--throughput",
                    "-1", "--producer-props", f"bootstrap.servers={self.address}", "acks=all",
                    "linger.ms=5")

    def c_consume(self, topic, records):
        return [self.performance, "-G", f"group-{time.monotonic_ns()}", "-t", topic, "-b",
                self.address, "-c", str(records), "-X", "auto.offset.reset=earliest", "-q"]

    def java_consume(self, topic, records):
        return java("org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server",
                    self.address, "--topic", topic, "--num-records", str(records),
                    "--timeout", "60000")


def c_rate(said):
    """MB/s of librdkafka's tool, by its own clock."""
    found = re.findall(r"([\d.]+) MB/s", said)
    return float(found[-1]) if found else None


def java_rate(said):
    """MB/s of the Java producer's tool; it counts MiB."""
    found = re.findall(r"\(([\d.]+) MB/sec\)", said)
    return float(found[-1]) * 1.048576 if found else None


def java_consume_rate(said):
    """MB/s of the Java consumer's tool while it fetched: its seventh figure, in MiB."""
    rows = [line.split(",") for line in said.splitlines() if re.match(r"\d{4}-\d\d-\d\d", line)]
    return float(rows[-1][8]) * 1.048576 if rows and len(rows[-1]) > 8 else None


def measured(server, command, rate_of, payload, records):
    """One run of one load: MB/s as the load sees it, the server's CPU seconds per GB."""
    before = cpu_seconds(server.process.pid)
    said = run(command)
    used = cpu_seconds(server.process.pid) - before
    return {"mb_per_second": rate_of(said), "cpu_per_gb": used / (payload * records / 1e9),
            "peak_kib": peak_kib(server.process.pid)}


def attempt(results, row, column, measure, *arguments):
    """Takes a figure; a load that fails fails its own row and no other."""
    try:
        results.take(row, column, measure(*arguments))
    except (Failure, subprocess.TimeoutExpired) as failure:
        results.take(row, column, {"failed": str(failure)})


def measure_round(options, column, make, configs, results):
    for payload, usual in LOADS_OF:
        records = int(usual * options.scale)
        for partitions in PARTITIONS:
            note(f"  {column}: {payload} B, {partitions} partitions")
            with make() as server:
                measure_throughput(server, column, configs, payload, records, partitions, results)
    with make() as server:
        loads = Loads(server.address)
        records = int(LOADS_OF[1][1] * options.scale)
        loads.create("many", MANY_PARTITIONS, configs)
        attempt(results, ("produce, C", 1024, MANY_PARTITIONS), column, measured, server,
                loads.c_produce("many", 1024, records), c_rate, 1024, records)
    with make() as server:
        for topic in ("warm", "latency"):
            Loads(server.address).create(topic, 1, configs)
        attempt(results, ("latency", 100, 1), column, measure_latency, server,
                int(LATENCY_RECORDS * options.scale))


def measure_throughput(server, column, configs, payload, records, partitions, results):
    loads = Loads(server.address)
    loads.create("warm", partitions, configs)
    loads.create("bench-c", partitions, configs)
    loads.create("bench-java", partitions, configs)
    run(loads.c_produce("warm", payload, records // 2))  # a JVM compiles what it runs often
    run(loads.c_consume("warm", records // 2))
    for case, command, rate_of in (
            ("produce, C", loads.c_produce("bench-c", payload, records), c_rate),
            ("produce, Java", loads.java_produce("bench-java", payload, records), java_rate),
            ("consume, C", loads.c_consume("bench-c", records), c_rate),
            ("consume, Java", loads.java_consume("bench-java", records), java_consume_rate)):
        attempt(results, (case, payload, partitions), column, measured, server, command, rate_of,
                payload, records)
    attempt(results, ("tail, C", payload, partitions), column, measure_tail, server, loads,
            configs, payload, records, partitions)


def measure_tail(server, loads, configs, payload, records, partitions):
    """A consumer that keeps up with a producer; the rate is the consumer's."""
    loads.create("tail", partitions, configs)
    before = cpu_seconds(server.process.pid)
    consumer = subprocess.Popen([str(word) for word in loads.c_consume("tail", records)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        run(loads.c_produce("tail", payload, records))
        said = consumer.communicate(timeout=LOAD_TIMEOUT)[0]
    finally:
        consumer.kill()
    used = cpu_seconds(server.process.pid) - before
    return {"mb_per_second": c_rate(said), "cpu_per_gb": used / (payload * records / 1e9),
            "peak_kib": peak_kib(server.process.pid)}


def measure_latency(server, records):
    for topic in ("warm", "latency"):
        line = run_load([LOADS / "kafka_load", "--latency", "--payload", 100, "--records", records,
                         "--bootstrap", server.address, "--topic", topic, "--pid",
                         server.process.pid])[0]
    return line


def first_record(make):
    """Seconds from the start of the process to the acknowledgement of its first record."""
    server = make()
    began = time.monotonic()
    with server:
        run([LOADS / "kafka_load", "--payload", 100, "--records", 1, "--no-consume",
             "--bootstrap", server.address])
        return {"seconds": time.monotonic() - began, "peak_kib": peak_kib(server.process.pid)}


def tables(options, results):
    """Runs everything and returns the tables as Markdown."""
    pairs = [("synced", [], ["flush.messages=1"]), ("written", ["--sync", "os"], [])]
    columns = {}
    for durability, flags, configs in pairs:
        columns[f"Kafka, {durability}"] = (Kafka, configs)
        columns[f"wherry, {durability}"] = (
            lambda flags=flags: Wherry(options.wherry, "kafka", *flags, on_disk=True), ())
    try:
        for round_number in range(options.rounds):
            for column in alternate(list(columns), round_number):
                note(f"round {round_number + 1} of {options.rounds}: {column}")
                make, configs = columns[column]
                measure_round(options, column, make, configs, results)
                for _ in range(STARTS if column.endswith("written") else 0):
                    attempt(results, ("start",), column, first_record, make)
    except (Unable, SuiteFailure, subprocess.SubprocessError) as failure:
        raise Failure(str(failure)) from None
    return "\n\n".join([throughput_table(results, pairs), latency_table(results, pairs),
                        start_table(results)])


def throughput_table(results, pairs):
    header = ["case", "payload", "partitions"]
    for durability, _, _ in pairs:
        header += [f"{durability}: {field}" for field in
                   ("wherry MB/s", "Kafka MB/s", "ratio", "wherry CPU s/GB", "Kafka CPU s/GB",
                    "ratio", "peak MiB", "Kafka peak MiB")]
    cases = ("produce, C", "produce, Java", "consume, C", "consume, Java", "tail, C")
    rows = [(case, payload, partitions) for case in cases for payload, _ in LOADS_OF
            for partitions in PARTITIONS] + [("produce, C", 1024, MANY_PARTITIONS)]
    lines = []
    for row in rows:
        line = [row[0], str(row[1]), str(row[2])]
        for durability, _, _ in pairs:
            for field in ("mb_per_second", "cpu_per_gb"):
                ours = results.value(row, f"wherry, {durability}", field)
                theirs = results.value(row, f"Kafka, {durability}", field)
                line += [number(ours), number(theirs), ratio(ours, theirs)]
            line += [mebibytes(results.value(row, f"{server}, {durability}", "peak_kib"))
                     for server in ("wherry", "Kafka")]
        lines.append(line)
    return table(header, lines)


def latency_table(results, pairs):
    lines = []
    for durability, _, _ in pairs:
        for server in ("wherry", "Kafka"):
            column = f"{server}, {durability}"
            lines.append([column, *(number(results.value(("latency", 100, 1), column, field))
                                    for field in ("p50_us", "p99_us", "p999_us"))])
    return table(["end to end, 500 records/s of 100 B", "p50 us", "p99 us", "p99.9 us"], lines)


def start_table(results):
    lines = []
    for column in ("wherry, written", "Kafka, written"):
        seconds = results.value(("start",), column, "seconds")
        lines.append([column, number(seconds and seconds * 1000),
                      mebibytes(results.value(("start",), column, "peak_kib"))])
    return table(["start to first record", "ms", "MiB"], lines)
