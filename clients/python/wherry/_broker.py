"""The broker in this process, and its namespaces."""

import datetime

from wherry._library import library
from wherry._values import Info, Message, Position, Record, headers_to_json, put_bytes


def _milliseconds(seconds):
    return seconds * 1000


class Subscription:
    """An interest in NATS subjects, whose messages gather until they are taken.

    Ends with `close`, or as a context manager. Threads: one at a time.
    """

    def __init__(self, space, number):
        self._space = space
        self._number = number

    def next(self, timeout=5.0):
        """The next message; DeadlineExceeded if none comes within `timeout` seconds."""
        return Message.from_json(
            self._space.call(
                "nats.next", subscription=self._number, timeout_ms=_milliseconds(timeout)
            )
        )

    def close(self):
        if self._number is not None:
            self._space.call("nats.unsubscribe", subscription=self._number)
            self._number = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class AddedFault:
    """A fault in force. Ends with `remove`, or as a context manager. Threads: any."""

    def __init__(self, space, number):
        self._space = space
        self.id = number

    @property
    def fired(self):
        """How many operations it has struck."""
        return next(fault.fired for fault in self._space.faults() if fault.id == self.id)

    def remove(self):
        self._space.call("faults.remove", id=self.id)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


class Hold:
    """Operations that wait at a place until they are released.

    Ends with `release`, or as a context manager. Threads: one at a time.
    """

    def __init__(self, space, number):
        self._space = space
        self._number = number

    def wait(self, count=1, limit=5.0):
        """Waits until `count` operations have arrived; DeadlineExceeded says how many have."""
        self._space.call(
            "hold.wait", hold=self._number, count=count, limit_ms=_milliseconds(limit)
        )

    def release(self):
        number, self._number = self._number, None
        if number is not None:
            self._space.call("hold.release", hold=number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


class Namespace:
    """Subjects, topics and groups, and the URLs by which clients come to them.

    `Broker.namespace` makes one; it ends, with all it holds, with `close` or as a context manager.
    Threads: any.
    """

    def __init__(self, handle, broker=None):
        self._handle = handle
        self._broker = broker  # keeps it alive

    def close(self):
        handle, self._handle = self._handle, None
        if handle is not None:
            library().free_namespace(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    @property
    def nats_url(self):
        """ "nats://127.0.0.1:41233" """
        return library().url(self._handle, "nats")

    @property
    def kafka_bootstrap(self):
        """ "127.0.0.1:41234": what clients call bootstrap.servers """
        return library().address(self._handle, "kafka")

    @property
    def http_url(self):
        """ "http://127.0.0.1:41235" """
        return library().url(self._handle, "http")

    def call(self, operation, /, **members):
        """Runs a control operation by its name; `operations()` lists them."""
        return library().call(self._handle, operation, members)

    def operations(self):
        """{name: usage}"""
        listed = self.call("broker.operations")["operations"]
        return {operation["name"]: operation["usage"] for operation in listed}

    @property
    def name(self):
        """As `Broker.namespace` was told; "default"."""
        return self.call("broker.info")["namespace"]

    def reset(self):
        """As new, at the same ports: connections, subscriptions, topics and groups are gone."""
        self.call("reset")

    # Looking inside; what each Info holds is in `operations()` and wherry/inspect.h.

    def connections(self):
        """The open connections of clients, an Info each."""
        return Info.of(self.call("connections")["connections"])

    def requests(self, **wanted):
        """What clients asked for, oldest first, an Info each, as far as the history goes.

        `wanted`: operation ("kafka.Produce", "kafka.*"), topic, group, subject, client,
        connection, failed.
        """
        return Info.of(self.call("requests", **wanted)["requests"])

    def lint(self, allow=()):
        """What looks wrong at the end of a test, an Info of `rule` and `text` each."""
        return Info.of(self.call("lint", allow=list(allow))["findings"])

    def subscriptions(self):
        """Every NATS subscription, an Info each."""
        return Info.of(self.call("nats.subscriptions")["subscriptions"])

    def explain_route(self, subject):
        """Who gets a NATS message, who does not, and why; its `text` is for people."""
        return Info.of(self.call("nats.explain_route", subject=subject))

    def groups(self):
        """Every Kafka consumer group, an Info each."""
        return Info.of(self.call("kafka.groups")["groups"])

    def describe_group(self, group):
        """Its state, members, assignment and committed offsets."""
        return Info.of(self.call("kafka.describe_group", group=group))

    def describe_topic(self, topic):
        """Its id, partitions and configs."""
        return Info.of(self.call("kafka.describe_topic", topic=topic))

    def subscribe_telemetry(self, name, metrics=("*",), interval=300.0, match=()):
        """Asks Kafka clients that connect from now on for their metrics (KIP-714)."""
        self.call("kafka.subscribe_telemetry", name=name, metrics=list(metrics),
                  interval_ms=_milliseconds(interval), match=list(match))

    def unsubscribe_telemetry(self, name):
        """Asks no more."""
        self.call("kafka.unsubscribe_telemetry", name=name)

    def telemetry(self):
        """The Kafka clients that were asked, and the metrics each pushed last, an Info each."""
        return Info.of(self.call("kafka.telemetry")["clients"])

    # Waiting, in real time and without polling.

    def await_(self, condition, limit=5.0):
        """Waits until a condition of wherry.conditions holds.

        DeadlineExceeded after `limit` seconds says what was seen instead.
        """
        self.call("await", condition=condition, limit_ms=_milliseconds(limit))

    def await_idle(self, limit=5.0):
        """Waits until all is delivered, acknowledged and committed.

        DeadlineExceeded after `limit` seconds lists what is pending.
        """
        self.call("await.idle", limit_ms=_milliseconds(limit))

    # Faults.

    def fault(self, on, **what):
        """Something that is to go wrong for clients, until it is removed; an AddedFault.

        `on`: "kafka.Produce", "nats.PUB", "kafka.connection" and so on. Which: topic, group,
        subject, client, connection. When: skip, times, probability and seed. What, one of:
        fail="NOT_LEADER_OR_FOLLOWER", delay=seconds, hang=True, drop=True, reset=True,
        close=True, slice=bytes, bandwidth=bytes a second, close_after=bytes. With
        after_apply=True the operation is carried out, and its answer meets the fault.
        """
        if "delay" in what:
            what["delay_ms"] = _milliseconds(what.pop("delay"))
        return AddedFault(self, self.call("faults.add", on=on, **what)["id"])

    def faults(self):
        """All faults, an Info of id, text, matched and fired each."""
        return Info.of(self.call("faults.list")["faults"])

    def clear_faults(self):
        self.call("faults.clear")

    def storage_fault(self, kind, *, commits=None, each=None):
        """The disk, of the whole broker: "disk_full" for `commits`, "slow" by `each` seconds for
        every commit, or "none"."""
        members = {"kind": kind}
        if commits is not None:
            members["commits"] = commits
        if each is not None:
            members["each_ms"] = _milliseconds(each)
        self.call("faults.storage", **members)

    def hold(self, on, **which):
        """A Hold: operations that match, as for `fault`, wait there until it is released."""
        return Hold(self, self.call("hold", on=on, **which)["hold"])

    # NATS.

    def publish(self, subject, payload=b"", *, reply=None, headers=None):
        """Publishes to everybody subscribed at this moment."""
        members = {"subject": subject}
        put_bytes(members, "payload", payload)
        if reply is not None:
            members["reply"] = reply
        if headers is not None:
            members["headers"] = headers_to_json(headers)
        self.call("nats.publish", **members)

    def request(self, subject, payload=b"", *, timeout=5.0):
        """Publishes and waits for the first answer; Unavailable if nobody is subscribed."""
        members = {"subject": subject, "timeout_ms": _milliseconds(timeout)}
        put_bytes(members, "payload", payload)
        return Message.from_json(self.call("nats.request", **members))

    def subscribe(self, subject, *, queue=None):
        """A Subscription to what is published from now on."""
        members = {"subject": subject}
        if queue is not None:
            members["queue"] = queue
        return Subscription(self, self.call("nats.subscribe", **members)["subscription"])

    # Kafka.

    def create_topic(self, topic, partitions=1):
        self.call("kafka.create_topic", topic=topic, partitions=partitions)

    def delete_topic(self, topic):
        self.call("kafka.delete_topic", topic=topic)

    def topics(self):
        """Their names, in order."""
        return self.call("kafka.topics")["topics"]

    def append(
        self, topic, value=None, *, key=None, headers=None, partition=None, timestamp=None
    ):
        """Appends a record and waits until it is committed; answers its Position."""
        members = {"topic": topic}
        put_bytes(members, "value", value)
        put_bytes(members, "key", key)
        if headers is not None:
            members["headers"] = headers_to_json(headers)
        if partition is not None:
            members["partition"] = partition
        if timestamp is not None:
            members["timestamp"] = timestamp
        return Position(**self.call("kafka.append", **members))

    def records(self, topic, partition=None):
        """All committed records of a topic, or of one partition."""
        members = {"topic": topic}
        if partition is not None:
            members["partition"] = partition
        answer = self.call("kafka.records", **members)
        return [Record.from_json(record) for record in answer["records"]]

    def committed_offsets(self, group):
        """{(topic, partition): offset}"""
        offsets = self.call("kafka.committed_offsets", group=group)["offsets"]
        return {(one["topic"], one["partition"]): one["offset"] for one in offsets}


class Broker(Namespace):
    """A broker in this process: in memory, on free ports, up in a millisecond.

    Options are those of `wherry_options_set` in wherry/c.h, with an underscore for the dot:
    `Broker(kafka_default_partitions=3, nats_token="t")`. It is its own default namespace.
    Stops with `stop`, or as a context manager. Not usable in a child made by fork.
    """

    def __init__(self, **options):
        self._started = None
        self._started = library().start(_pairs(options))
        super().__init__(library().default_namespace(self._started))

    def namespace(self, name):
        """A Namespace apart from all others, with URLs of its own."""
        return Namespace(library().new_namespace(self._started, name), self)

    # The clock, one of all namespaces; to move it the broker needs clock="virtual".

    def now(self):
        """The broker's time, seconds since the epoch."""
        return self.call("clock.now")["now_ms"] / 1000

    def advance(self, seconds=0, *, minutes=0, hours=0, days=0, liveness=False):
        """Moves a virtual clock; answers with the timers that fired, in order, an Info each.

        `liveness`: for connected clients too, as if they said nothing meanwhile.
        """
        by = datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        members = {"by_ms": by / datetime.timedelta(milliseconds=1), "liveness": liveness}
        return Info.of(self.call("clock.advance", **members)["fired"])

    def advance_to_next(self, *, liveness=False):
        """Moves a virtual clock to the next timer; NotFound if none waits."""
        return Info.of(self.call("clock.advance_to_next", liveness=liveness)["fired"])

    def pending_timers(self):
        """Every timer that waits, an Info of kind, label and in_ms each."""
        return Info.of(self.call("clock.pending")["pending"])

    # The whole broker's end.

    def crash(self, kind="lose_unsynced"):
        """Ends it as a crash does: connections are reset, the ports refuse, memory is gone.

        "lose_unsynced": what was not synced is gone too; "keep_written": it is not.
        """
        self.call("broker.crash", kind=kind)

    def restart(self):
        """Starts again at the same ports, after a crash or in order."""
        self.call("broker.restart")

    def stop(self):
        """Closes listeners and connections; calls raise Unavailable from then on."""
        library().stop(self._started)

    close = stop

    def __del__(self):
        if self._started is not None:
            library().free_broker(self._started)


def _pairs(options):
    for name, value in options.items():
        protocol, _, rest = name.partition("_")
        key = f"{protocol}.{rest}" if protocol in ("nats", "kafka") else name
        for one in value if isinstance(value, (list, tuple)) else [value]:
            yield key, str(one).lower() if isinstance(one, bool) else str(one)
