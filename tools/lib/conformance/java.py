"""Kafka's Java client: its classes of messages against ours, byte for byte."""

import re
import shutil
import subprocess
import sys

from conformance.suites import BUILD, Failure, ROOT, UNABLE, Unable, note, run_limited, tail

SOURCE = ROOT / "tests" / "conformance" / "kafka" / "java"
DOWNLOAD_TIMEOUT = 600  # seconds for Maven to fetch a client
RUN_TIMEOUT = 1800  # seconds for all messages


def jars(version):
    """A folder with the Java client and what it needs."""
    folder = BUILD / f"kafka-clients-{version}"
    if (folder / f"kafka-clients-{version}.jar").exists():
        return folder
    if not shutil.which("mvn"):
        raise Unable("Maven is not installed")
    note(f"downloading Kafka's Java client {version}")
    status, output = run_limited(
        ["mvn", "-q", "-B", "-f", SOURCE / "pom.xml", f"-Dkafka.version={version}",
         "dependency:copy-dependencies", f"-DoutputDirectory={folder}"], DOWNLOAD_TIMEOUT)
    if status != 0:
        raise Unable(f"the Java client cannot be downloaded: {tail(output)}")
    return folder


def tool(options):
    """Our program, built."""
    if not options.no_build:
        script = 'source tools/lib/build.sh; build "$@"'
        command = ["bash", "-euo", "pipefail", "-c", script, "tools/conformance",
                   options.preset, "kafka_messages"]
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
            raise Failure("the build failed")
    return ROOT / "build" / options.preset / "tests" / "conformance" / "kafka_messages"


def java_messages(options):
    if not shutil.which("java"):
        raise Unable("Java is not installed")
    version = options.kafka or re.search(r"<kafka.version>(.+)</kafka.version>",
                                         (SOURCE / "pom.xml").read_text())[1]
    classes = jars(version)
    program = tool(options)
    folder = BUILD / "java-messages"
    folder.mkdir(parents=True, exist_ok=True)
    ours, theirs = folder / "ours.txt", folder / "theirs.txt"
    seed, count = str(options.seed), str(options.count)
    theirs.unlink(missing_ok=True)
    with open(ours, "w") as lines:
        subprocess.run([program, "write", seed, count], stdout=lines, check=True)
    print(f"Kafka's Java client {version}, seed {seed}, {count} messages of each kind")
    status, output = run_limited(["java", "-cp", f"{classes}/*", SOURCE / "KafkaMessages.java",
                                  ours, theirs, seed, count], RUN_TIMEOUT)
    print(output, end="")
    if status is None:
        raise Failure(f"the Java client was not done within {RUN_TIMEOUT} s")
    if not theirs.exists():
        raise Failure("KafkaMessages.java did not run with this client")
    with open(theirs) as lines:
        checked = subprocess.run([program, "check"], stdin=lines)
    return 1 if status != 0 or checked.returncode != 0 else 0


def add_suites(suites, common):
    suite = suites.add_parser(
        "java-messages", parents=[common], help="messages against Kafka's Java client",
        description="Random requests and responses of every API in every version: what we write, "
        "the Java client's classes read and write again, and the other way round; the bytes must "
        f"be the same. Ends with {UNABLE} where there is no Java or no client to download.")
    suite.add_argument("--kafka", metavar="VERSION",
                       help="of the client, from 4.2 on, instead of pom.xml's")
    suite.add_argument("--count", type=int, default=200, metavar="N",
                       help="messages of each kind and version (%(default)s)")
    suite.add_argument("--seed", type=int, default=1, help="of the random contents (%(default)s)")
    suite.set_defaults(run=java_messages)
