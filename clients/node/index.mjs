// Wherry in a test: a broker that NATS and Kafka clients take for the real thing.
//
//   await using broker = await wherry();
//   const connection = await connect({servers: broker.natsUrl});

import {callControl, headersToJson, messageOf, putBytes, recordOf} from './control.mjs';
import {Server} from './server.mjs';

export {WherryError} from './control.mjs';

// An interest in NATS subjects, whose messages gather until they are taken.
export class Subscription {
  #broker;
  #number;

  constructor(broker, number) {
    this.#broker = broker;
    this.#number = number;
  }

  // The next message; rejects with status 'deadline_exceeded' if none comes in time.
  async next({timeoutMs = 5000} = {}) {
    const members = {subscription: this.#number, timeout_ms: timeoutMs};
    return messageOf(await this.#broker.call('nats.next', members));
  }

  async close() {
    await this.#broker.call('nats.unsubscribe', {subscription: this.#number});
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }
}

// What a test has of a broker: its addresses and its verbs. Ends with stop(), or by `await using`.
//
// At its end it looks at what the test left, and rejects for messages that nobody received, reads
// that were not committed, and connections that are open. allowLint() lets a test do this.
export class Broker {
  #urls;
  #end;
  #allowed = [];
  #linted = true;

  constructor(urls, end) {
    this.#urls = urls;
    this.#end = end;
  }

  // 'nats://127.0.0.1:41233'
  get natsUrl() {
    return this.#urls.nats[0];
  }

  // '127.0.0.1:41234': what clients call bootstrap.servers, or brokers.
  get kafkaBootstrap() {
    return this.#urls.kafka[0].slice('kafka://'.length);
  }

  // 'http://127.0.0.1:41235'
  get httpUrl() {
    return this.#urls.http[0];
  }

  // Runs a control operation by its name; rejects with a WherryError.
  call(operation, members = {}) {
    return callControl(this.httpUrl, operation, members);
  }

  // {name: usage}
  async operations() {
    const {operations} = await this.call('broker.operations');
    return Object.fromEntries(operations.map(({name, usage}) => [name, usage]));
  }

  async stop() {
    const end = this.#end;
    if (end === null) return;
    this.#end = null;
    const findings = this.#linted ? await this.#lintIfRemembered() : [];
    await end();
    if (findings.length === 0) return;
    const listed = findings.map(({rule, text}) => `[${rule}] ${text}`).join('\n');
    throw new Error(`the test left something wrong behind:\n${listed}`);
  }

  // Lets the test break these rules; without a name, all.
  allowLint(...rules) {
    this.#allowed.push(...rules);
    this.#linted &&= rules.length > 0;
  }

  // What looks wrong now, [{rule, text}], but for rules that are allowed. stop() does it too.
  async lint() {
    return (await this.call('lint', {allow: this.#allowed})).findings;
  }

  async #lintIfRemembered() {
    try {
      return await this.lint();
    } catch (error) {
      if (error.status === 'failed_precondition') return [];  // --history 0
      throw error;
    }
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  // As new, at the same ports: connections, subscriptions, topics and groups are gone.
  async reset() {
    await this.call('reset');
  }

  // Looking inside: objects with the members that operations() tells, as in wherry/inspect.h.

  // The open connections of clients.
  async connections() {
    return (await this.call('connections')).connections;
  }

  // What clients asked for, oldest first. `wanted`: {operation: 'kafka.Produce' or 'kafka.*',
  // topic, group, subject, client, connection, failed}.
  async requests(wanted = {}) {
    return (await this.call('requests', wanted)).requests;
  }

  // Every NATS subscription.
  async subscriptions() {
    return (await this.call('nats.subscriptions')).subscriptions;
  }

  // Who gets a NATS message, who does not, and why; its `text` is for people.
  explainRoute(subject) {
    return this.call('nats.explain_route', {subject});
  }

  // Every Kafka consumer group.
  async groups() {
    return (await this.call('kafka.groups')).groups;
  }

  // NATS.

  // Publishes to everybody subscribed at this moment.
  async publish(subject, payload = '', {reply, headers} = {}) {
    const members = {subject};
    putBytes(members, 'payload', payload);
    if (reply !== undefined) members.reply = reply;
    if (headers !== undefined) members.headers = headersToJson(headers);
    await this.call('nats.publish', members);
  }

  // Publishes and waits for the first answer; status 'unavailable' if nobody is subscribed.
  async request(subject, payload = '', {timeoutMs = 5000} = {}) {
    const members = {subject, timeout_ms: timeoutMs};
    putBytes(members, 'payload', payload);
    return messageOf(await this.call('nats.request', members));
  }

  // A Subscription to what is published from now on.
  async subscribe(subject, {queue} = {}) {
    const members = queue === undefined ? {subject} : {subject, queue};
    return new Subscription(this, (await this.call('nats.subscribe', members)).subscription);
  }

  // Kafka.

  async createTopic(topic, partitions = 1) {
    await this.call('kafka.create_topic', {topic, partitions});
  }

  async deleteTopic(topic) {
    await this.call('kafka.delete_topic', {topic});
  }

  // Their names, in order.
  async topics() {
    return (await this.call('kafka.topics')).topics;
  }

  // Appends a record and waits until it is committed; answers with {partition, offset}.
  async append(topic, value, {key, headers, partition, timestamp} = {}) {
    const members = {topic};
    putBytes(members, 'value', value);
    putBytes(members, 'key', key);
    if (headers !== undefined) members.headers = headersToJson(headers);
    if (partition !== undefined) members.partition = partition;
    if (timestamp !== undefined) members.timestamp = timestamp;
    return this.call('kafka.append', members);
  }

  // All committed records of a topic, or of one partition.
  async records(topic, {partition} = {}) {
    const members = partition === undefined ? {topic} : {topic, partition};
    return (await this.call('kafka.records', members)).records.map(recordOf);
  }

  // [{topic, partition, offset}]
  async committedOffsets(group) {
    return (await this.call('kafka.committed_offsets', {group})).offsets;
  }
}

let shared = null;
let lastNamespace = 0;

// A broker for one test: a namespace of the server that all tests of this process share, or with
// `flags` (of the server's command line, wherry --help) a server of its own.
export async function wherry({name = 'test', flags} = {}) {
  if (flags !== undefined) {
    const server = await Server.start(flags);
    return new Broker(server.urls, () => server.stop());
  }
  shared ??= Server.start();
  const all = new Broker((await shared).urls, null);
  const made = await all.call('namespace.new', {name: `${name}#${++lastNamespace}`});
  return new Broker(made.urls, () => all.call('namespace.remove', {namespace: made.namespace}));
}
