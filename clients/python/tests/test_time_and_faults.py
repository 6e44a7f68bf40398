"""Waiting, faults, crashes and the clock, met by a client on a socket."""

import socket
import unittest

import wherry
from wherry.conditions import connections, record_count, subscribed, unsubscribed

PATIENCE = 20.0


class NatsSocket:
    """A NATS client of a few lines."""

    def __init__(self, url):
        host, port = url.removeprefix("nats://").split(":")
        self.socket = socket.create_connection((host, int(port)), PATIENCE)
        self.lines = self.socket.makefile("rb")
        self.lines.readline()
        self.send(b'CONNECT {"verbose":false,"name":"me"}')

    def send(self, *lines):
        self.socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def read(self):
        return self.lines.readline().removesuffix(b"\r\n")

    def round_trip(self):
        self.send(b"PING")
        while self.read() != b"PONG":
            pass

    def close(self):
        self.lines.close()
        self.socket.close()


class WithBroker(unittest.TestCase):
    options = {}

    def setUp(self):
        self.broker = wherry.Broker(**self.options)
        self.addCleanup(self.broker.stop)

    def client(self):
        client = NatsSocket(self.broker.nats_url)
        self.addCleanup(client.close)
        return client


class AwaitTest(WithBroker):
    def test_a_subscription_on_its_way(self):
        client = self.client()
        client.send(b"SUB orders.> 1")
        self.broker.await_(subscribed("orders.new"), PATIENCE)
        self.broker.publish("orders.new", b"x")
        self.assertEqual(client.read(), b"MSG orders.new 1 1")
        self.broker.await_(connections("nats", 1), PATIENCE)
        client.close()
        self.broker.await_(unsubscribed("orders.new"), PATIENCE)
        self.broker.await_idle(PATIENCE)

    def test_at_the_limit_it_says_what_was_seen(self):
        with self.assertRaisesRegex(wherry.DeadlineExceeded, "orders"):
            self.broker.await_(subscribed("orders.new"), 0.001)
        self.broker.create_topic('a "b"'.replace(" ", "_").replace('"', "."))
        self.broker.await_(record_count("a_.b.", 0), PATIENCE)
        with self.assertRaises(wherry.InvalidArgument):
            self.broker.await_("kafka.happy")


class FaultTest(WithBroker):
    def test_a_message_that_is_lost(self):
        client = self.client()
        with self.broker.subscribe("orders.*") as orders:
            with self.broker.fault("nats.PUB", subject="orders.*", times=1, drop=True) as lost:
                client.send(b"PUB orders.new 1", b"1", b"PUB orders.new 1", b"2")
                self.assertEqual(orders.next(PATIENCE).payload, b"2")
                self.assertEqual(lost.fired, 1)
                self.assertIn("nats.PUB", self.broker.faults()[0].text)
            self.assertEqual(self.broker.faults(), [])

    def test_errors_and_delays(self):
        client = self.client()
        self.broker.fault("nats.PUB", skip=1, times=1, fail="not today")
        client.send(b"PUB s 1", b"1", b"PUB s 1", b"2")
        self.assertEqual(client.read(), b"-ERR 'not today'")
        self.broker.clear_faults()
        self.broker.fault("nats.PING", delay=0.001)
        client.round_trip()
        with self.assertRaises(wherry.InvalidArgument):
            self.broker.fault("nats.SING", drop=True)
        with self.assertRaises(wherry.InvalidArgument):
            self.broker.fault("nats.PUB", drip=True)

    def test_a_hold(self):
        client = self.client()
        with self.broker.subscribe("orders.*") as orders:
            with self.broker.hold("nats.PUB", subject="orders.new") as held:
                client.send(b"PUB orders.new 1", b"1")
                held.wait(limit=PATIENCE)
                with self.assertRaises(wherry.DeadlineExceeded):
                    orders.next(0)
                with self.assertRaises(wherry.DeadlineExceeded):
                    held.wait(count=2, limit=0.001)
            self.assertEqual(orders.next(PATIENCE).payload, b"1")


class CrashTest(WithBroker):
    options = {"simulated_disk": True}

    def test_what_was_acknowledged_survives(self):
        self.broker.create_topic("orders")
        self.broker.append("orders", b"1")
        client = self.client()
        client.round_trip()
        before = self.broker.nats_url
        self.broker.crash()
        with self.assertRaises(OSError):
            while client.read():
                pass
            raise ConnectionResetError  # an end in order would do as well
        with self.assertRaises(OSError):
            self.client()
        with self.assertRaises(wherry.Unavailable):
            self.broker.records("orders")
        self.broker.restart()
        self.assertEqual(self.broker.nats_url, before)
        self.assertEqual([record.value for record in self.broker.records("orders")], [b"1"])
        self.client().round_trip()

    def test_a_disk_that_is_full(self):
        self.broker.create_topic("orders")
        self.broker.storage_fault("disk_full", commits=1)
        with self.assertRaises(wherry.Error):
            self.broker.append("orders", b"1")
        self.broker.append("orders", b"2")


class ClockTest(WithBroker):
    options = {"clock": "virtual"}

    def test_stands_still_until_it_is_moved(self):
        start = self.broker.now()
        self.broker.advance(minutes=31, seconds=0.5)
        self.assertAlmostEqual(self.broker.now() - start, 31 * 60 + 0.5, places=2)

    def test_spares_clients_unless_asked(self):
        client = self.client()
        client.round_trip()
        self.assertTrue(any(timer.kind == "liveness" for timer in self.broker.pending_timers()))
        self.broker.advance(hours=2)
        client.round_trip()
        fired = self.broker.advance(hours=2, liveness=True)
        self.assertTrue(any(timer.kind == "liveness" for timer in fired))
        while client.read():
            pass  # until it ends
        self.broker.await_(connections("nats", 0), PATIENCE)

    def test_a_real_clock_is_not_moved(self):
        with wherry.Broker() as broker:
            with self.assertRaises(wherry.Error) as raised:
                broker.advance(1)
        self.assertEqual(raised.exception.status, "failed_precondition")


if __name__ == "__main__":
    unittest.main()
