// What a test waits for: conditions for Broker.await, plain texts.

const text = (kind, ...words) =>
  [kind, ...words.map((word) => `"${String(word).replace(/[\\"]/g, '\\$&')}"`)].join(' ');

// NATS: a message on `subject` would reach `count` subscriptions at least. With wildcards in it:
// subscriptions to exactly that.
export const subscribed = (subject, count = 1) => text('nats.subscribed', subject, count);

// NATS: a message on `subject` would reach nobody.
export const unsubscribed = (subject) => text('nats.unsubscribed', subject);

// Kafka: the group has so many members at least, and each knows its partitions.
export const groupStable = (group, members = 1) => text('kafka.group.stable', group, members);

// Kafka: the group has no member.
export const groupEmpty = (group) => text('kafka.group.empty', group);

// Kafka: something was written, and the group has committed the end of every partition.
export const consumed = (topic, group) => text('kafka.consumed', topic, group);

// Kafka: the topic holds `count` committed records at least.
export const recordCount = (topic, count) => text('kafka.records', topic, count);

// Exactly `count` connections of 'nats' or 'kafka'.
export const connections = (protocol, count) => text('connections', protocol, count);
