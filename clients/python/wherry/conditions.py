"""What a test waits for: conditions for `Namespace.await_`, plain texts."""


def _text(kind, *words):
    return " ".join([kind, *(_word(word) for word in words)])


def _word(word):
    escaped = str(word).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def subscribed(subject, count=1):
    """NATS: a message on `subject` would reach `count` subscriptions at least.

    With wildcards in `subject`: subscriptions to exactly that.
    """
    return _text("nats.subscribed", subject, count)


def unsubscribed(subject):
    """NATS: a message on `subject` would reach nobody."""
    return _text("nats.unsubscribed", subject)


def group_stable(group, members=1):
    """Kafka: the group has `members` at least, and each knows its partitions."""
    return _text("kafka.group.stable", group, members)


def group_empty(group):
    """Kafka: the group has no member."""
    return _text("kafka.group.empty", group)


def consumed(topic, group):
    """Kafka: something was written, and the group has committed the end of every partition."""
    return _text("kafka.consumed", topic, group)


def record_count(topic, count):
    """Kafka: the topic holds `count` committed records at least."""
    return _text("kafka.records", topic, count)


def connections(protocol, count):
    """Exactly `count` connections of "nats" or "kafka"."""
    return _text("connections", protocol, count)
