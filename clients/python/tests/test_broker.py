"""The broker in process, with the standard library alone: python3 -m unittest."""

import json
import os
import socket
import subprocess
import sys
import threading
import unittest
import urllib.request

import wherry

PATIENCE = 20.0


def address(url):
    host, port = url.split("://")[-1].rsplit(":", 1)
    return host, int(port)


class BrokerTest(unittest.TestCase):
    def setUp(self):
        self.broker = wherry.Broker()
        self.addCleanup(self.broker.stop)

    def test_listens_for_every_protocol(self):
        for url in (self.broker.nats_url, self.broker.kafka_bootstrap, self.broker.http_url):
            with socket.create_connection(address(url)):
                pass
        self.assertTrue(self.broker.nats_url.startswith("nats://127.0.0.1:"))
        self.assertTrue(self.broker.http_url.startswith("http://127.0.0.1:"))
        self.assertEqual(self.broker.call("broker.info")["version"], wherry.version())

    def test_a_client_on_a_socket_gets_what_was_published(self):
        with socket.create_connection(address(self.broker.nats_url), PATIENCE) as client:
            lines = client.makefile("rb")
            self.assertTrue(lines.readline().startswith(b"INFO "))
            client.sendall(b'CONNECT {"verbose":false}\r\nSUB orders.* 1\r\nPING\r\n')
            self.assertEqual(lines.readline(), b"PONG\r\n")
            self.broker.publish("orders.new", b"\x00\xff")
            self.assertEqual(lines.readline(), b"MSG orders.new 1 2\r\n")
            self.assertEqual(lines.readline(), b"\x00\xff\r\n")

    def test_subscribes_and_requests(self):
        with self.broker.subscribe("ask") as questions:
            answers = []
            asking = threading.Thread(
                target=lambda: answers.append(
                    self.broker.request("ask", "how?", timeout=PATIENCE)
                )
            )
            asking.start()
            question = questions.next(PATIENCE)
            self.assertEqual(question.payload, b"how?")
            self.broker.publish(question.reply, b"so", headers={"Kind": "answer"})
            asking.join(PATIENCE)
            self.assertEqual(answers[0].payload, b"so")
            self.assertEqual(answers[0].header("kind"), "answer")
            self.assertIsNone(answers[0].header("other"))
            with self.assertRaises(wherry.DeadlineExceeded):
                questions.next(0.001)
        with self.assertRaises(wherry.Unavailable):
            self.broker.request("ask")

    def test_appends_and_reads(self):
        self.broker.create_topic("orders", partitions=2)
        at = self.broker.append(
            "orders", b"\xff", key="k", partition=1, timestamp=5, headers={"h": None, "i": "x"}
        )
        self.assertEqual(at, wherry.Position(1, 0))
        self.broker.append("orders", partition=0)
        first, second = self.broker.records("orders")
        self.assertEqual((first.partition, first.key, first.value), (0, None, None))
        self.assertEqual(second, wherry.Record(1, 0, 5, b"k", b"\xff", [("h", None), ("i", b"x")]))
        self.assertEqual(self.broker.records("orders", partition=1), [second])
        self.assertEqual(self.broker.topics(), ["orders"])
        self.assertEqual(self.broker.committed_offsets("g"), {})
        self.broker.delete_topic("orders")
        with self.assertRaises(wherry.NotFound) as raised:
            self.broker.records("orders")
        self.assertEqual(raised.exception.status, "not_found")
        self.assertIn("orders", raised.exception.message)

    def test_refuses_what_cannot_be_meant(self):
        with self.assertRaises(wherry.InvalidArgument):
            self.broker.publish("a..b")
        with self.assertRaises(wherry.InvalidArgument):
            self.broker.call("nats.publish", subject="s", payloat="p")
        with self.assertRaises(wherry.NotFound):
            self.broker.call("nats.shout")

    def test_every_operation_is_listed(self):
        usage = self.broker.operations()
        self.assertIn("subject", usage["nats.publish"])
        self.assertIn("kafka.append", usage)

    def test_the_same_operations_over_http(self):
        call = urllib.request.Request(
            self.broker.http_url + "/control/kafka/topics",
            data=b"{}",
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
            self.assertEqual(json.load(answer), {"topics": []})

    def test_a_call_lets_other_threads_run(self):
        with self.broker.subscribe("s") as subscription:
            came = []
            waiting = threading.Thread(target=lambda: came.append(subscription.next(PATIENCE)))
            waiting.start()
            self.broker.publish("s", b"p")
            waiting.join(PATIENCE)
            self.assertEqual(came[0].payload, b"p")


class NamespaceTest(unittest.TestCase):
    def test_a_namespace_is_a_world_of_its_own(self):
        with wherry.Broker() as broker:
            with broker.namespace("one") as one, broker.namespace("two") as two:
                self.assertEqual((one.name, two.name, broker.name), ("one", "two", "default"))
                urls = {space.nats_url for space in (one, two, broker)}
                self.assertEqual(len(urls), 3)
                one.create_topic("orders")
                one.append("orders", b"v")
                self.assertEqual((two.topics(), broker.topics()), ([], []))
                before = one.kafka_bootstrap
                one.reset()
                self.assertEqual(one.topics(), [])
                self.assertEqual(one.kafka_bootstrap, before)
                where = address(one.nats_url)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(where)
            with broker.namespace("one") as again:
                self.assertEqual(again.topics(), [])

    def test_may_outlive_its_broker(self):
        space = wherry.Broker().namespace("n")
        self.assertEqual(space.topics(), [])  # it keeps the broker
        with wherry.Broker() as broker:
            space = broker.namespace("n")
        with self.assertRaises(wherry.Unavailable):
            space.topics()
        space.close()


class InsideTest(unittest.TestCase):
    def test_looks_inside(self):
        with wherry.Broker(history=100) as broker:
            with socket.create_connection(address(broker.nats_url), PATIENCE) as client:
                lines = client.makefile("rb")
                lines.readline()
                client.sendall(b'CONNECT {"verbose":false,"name":"me"}\r\n')
                client.sendall(b"SUB orders.* 1\r\nPING\r\n")
                lines.readline()
                (subscription,) = broker.subscriptions()
                self.assertEqual((subscription.subject, subscription.client), ("orders.*", "me"))
                (connection,) = broker.connections()
                self.assertEqual((connection.protocol, connection.client), ("nats", "me"))
                requests = broker.requests(operation="nats.SUB")
                self.assertEqual([request.subject for request in requests], ["orders.*"])
                route = broker.explain_route("orders.new")
                self.assertEqual(route.receivers[0].subscription.client, "me")
                self.assertIn("orders.*", route.text)
                (finding,) = broker.lint()
                self.assertEqual(finding.rule, "leaked_connection")
                self.assertEqual(broker.lint(allow=["leaked_connection"]), [])
                with self.assertRaises(AttributeError):
                    finding.colour
            broker.create_topic("orders")
            self.assertEqual(broker.describe_topic("orders").partitions[0].high_watermark, 0)
            self.assertEqual(broker.groups(), [])
            with self.assertRaises(wherry.NotFound):
                broker.describe_group("g")
            broker.subscribe_telemetry("mine", metrics=["a."], interval=0.1, match=["client_id=x"])
            with self.assertRaises(wherry.InvalidArgument):
                broker.subscribe_telemetry("mine", match=["client_name=x"])
            broker.unsubscribe_telemetry("mine")
            self.assertEqual(broker.telemetry(), [])


class OptionsTest(unittest.TestCase):
    def test_options_by_name(self):
        with wherry.Broker(
            kafka_default_partitions=3,
            kafka_auto_create_topics=False,
            kafka_strict=True,
            nats_max_payload=4,
            listen=["nats://127.0.0.1:0", "kafka://127.0.0.1:0"],
        ) as broker:
            broker.call("kafka.create_topic", topic="t")
            with self.assertRaisesRegex(wherry.InvalidArgument, "only 1 broker"):
                broker.call("kafka.create_topic", topic="u", replication_factor=3)
            with self.assertRaises(wherry.NotFound):
                broker.append("t", b"v", partition=3)
            with self.assertRaises(wherry.InvalidArgument):
                broker.publish("s", b"12345")
            with self.assertRaises(wherry.NotFound):
                broker.http_url  # not listened for

    def test_an_option_that_is_none(self):
        with self.assertRaisesRegex(wherry.InvalidArgument, "colour"):
            wherry.Broker(colour="blue")

    def test_a_stopped_broker_says_so(self):
        broker = wherry.Broker()
        broker.stop()
        broker.stop()
        with self.assertRaises(wherry.Unavailable):
            broker.topics()

    def test_a_broker_that_nobody_stopped_ends_with_its_last_reference(self):
        broker = wherry.Broker()
        where = address(broker.nats_url)
        del broker
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(where)


class LoadingTest(unittest.TestCase):
    def test_says_what_to_do_without_a_library(self):
        environment = {**os.environ, "WHERRY_LIBRARY": "/nowhere/libwherry.so"}
        run = subprocess.run(
            [sys.executable, "-c", "import wherry; wherry.Broker()"],
            env=environment,
            capture_output=True,
            text=True,
        )
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("WHERRY_LIBRARY", run.stderr)


if __name__ == "__main__":
    unittest.main()
