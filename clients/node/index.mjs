// Wherry in a test: a broker that NATS and Kafka clients take for the real thing.
//
//   await using broker = await wherry();
//   const connection = await connect({servers: broker.natsUrl});

import {callControl, headersToJson, messageOf, putBytes, recordOf} from './control.mjs';
import {Server} from './server.mjs';

export * from './conditions.mjs';
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

// A fault in force. Ends with remove(), or by `await using`.
export class AddedFault {
  #broker;

  constructor(broker, id) {
    this.#broker = broker;
    this.id = id;
  }

  // How many operations it has struck.
  async fired() {
    return (await this.#broker.faults()).find(({id}) => id === this.id)?.fired;
  }

  async remove() {
    await this.#broker.call('faults.remove', {id: this.id});
  }

  async [Symbol.asyncDispose]() {
    await this.remove();
  }
}

// Operations that wait at a place until they are released. Ends with release(), or by `await
// using`.
export class Hold {
  #broker;
  #number;

  constructor(broker, number) {
    this.#broker = broker;
    this.#number = number;
  }

  // Waits until `count` operations have arrived.
  async wait({count = 1, limitMs = 5000} = {}) {
    await this.#broker.call('hold.wait', {hold: this.#number, count, limit_ms: limitMs});
  }

  async release() {
    const hold = this.#number;
    this.#number = null;
    if (hold !== null) await this.#broker.call('hold.release', {hold});
  }

  async [Symbol.asyncDispose]() {
    await this.release();
  }
}

// afterApply -> after_apply
const pointOf = (on, {delayMs, closeAfter, afterApply, ...rest}) =>
  ({on, delay_ms: delayMs, close_after: closeAfter, after_apply: afterApply, ...rest});

const millisecondsOf = ({days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0}) =>
  (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;

// What a test has of a broker: its addresses and its verbs. Ends with stop(), or by `await using`.
//
// At its end it looks at what the test left, and rejects for messages that nobody received, reads
// that were not committed, and connections that are open. allowLint() lets a test do this.
export class Broker {
  #urls;
  #control;
  #namespace;
  #end;
  #allowed = [];
  #linted = true;
  #own;

  // Calls go to one address of the server for all its namespaces, which so share connections.
  constructor(urls, {control = urls.http[0], namespace, end = null, own = false} = {}) {
    this.#urls = urls;
    this.#control = control;
    this.#namespace = namespace;
    this.#end = end;
    this.#own = own;
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
    return callControl(this.#control, operation, {namespace: this.#namespace, ...members});
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

  // Waiting, in real time and without polling.

  // Waits until a condition holds (subscribed(...), groupStable(...) and so on); rejects after the
  // limit, with what was seen instead.
  async await(condition, {limitMs = 5000} = {}) {
    await this.call('await', {condition, limit_ms: limitMs});
  }

  // Waits until all is delivered, acknowledged and committed; rejects after the limit, with what is
  // pending.
  async awaitIdle({limitMs = 5000} = {}) {
    await this.call('await.idle', {limit_ms: limitMs});
  }

  // The clock; to move it the broker needs {clock: 'virtual'}.

  // The broker's time, milliseconds since the epoch.
  async now() {
    return (await this.call('clock.now')).now_ms;
  }

  // Moves a virtual clock by {days, hours, minutes, seconds, milliseconds}; answers with the timers
  // that fired, [{kind, label, in_ms}]. With {liveness: true} for connected clients too, as if they
  // said nothing meanwhile.
  async advance(by, {liveness = false} = {}) {
    return (await this.call('clock.advance', {by_ms: millisecondsOf(by), liveness})).fired;
  }

  // Moves it to the next timer; rejects with status 'not_found' if none waits.
  async advanceToNext({liveness = false} = {}) {
    return (await this.call('clock.advance_to_next', {liveness})).fired;
  }

  // Every timer that waits, the next one first.
  async pendingTimers() {
    return (await this.call('clock.pending')).pending;
  }

  // Faults.

  // Something that is to go wrong for clients, until it is removed. `on`: 'kafka.Produce',
  // 'nats.PUB', 'kafka.connection' and so on. Which: topic, group, subject, client, connection.
  // When: skip, times, probability and seed. What, one of: fail: 'NOT_LEADER_OR_FOLLOWER',
  // delayMs, hang: true, drop: true, reset: true, close: true, slice: bytes, bandwidth: bytes a
  // second, closeAfter: bytes. With afterApply: true the operation is carried out, and its answer
  // meets the fault.
  async fault(on, what) {
    return new AddedFault(this, (await this.call('faults.add', pointOf(on, what))).id);
  }

  // [{id, text, matched, fired}]
  async faults() {
    return (await this.call('faults.list')).faults;
  }

  async clearFaults() {
    await this.call('faults.clear');
  }

  // The disk, of the whole broker: 'disk_full' for `commits`, 'slow' by `eachMs` for every commit,
  // or 'none'.
  async storageFault(kind, {commits, eachMs} = {}) {
    await this.call('faults.storage', {kind, commits, each_ms: eachMs});
  }

  // Operations that match, as for fault(), wait there until the Hold is released.
  async hold(on, which = {}) {
    return new Hold(this, (await this.call('hold', pointOf(on, which))).hold);
  }

  // Ends the whole broker as a crash does: connections are reset, the ports refuse, what was not
  // synced is gone (unless kind is 'keep_written').
  async crash({kind = 'lose_unsynced'} = {}) {
    this.#needOwn('crash');
    await this.call('broker.crash', {kind});
  }

  // Starts it again at the same ports, after a crash or in order.
  async restart() {
    this.#needOwn('restart');
    await this.call('broker.restart');
  }

  #needOwn(verb) {
    if (this.#own) return;
    throw new Error(`${verb}() would befall other tests; give this one a server: ` +
      'wherry({own: true})');
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

// A broker for one test: a namespace of the server that all tests of this process share. With
// `own`, a `clock` ('virtual') or `flags` (of the server's command line, wherry --help) it is a
// server of its own.
export async function wherry({name = 'test', own = false, clock, flags} = {}) {
  if (own || clock !== undefined || flags !== undefined) {
    const server = await Server.start([...(clock ? ['--clock', clock] : []), ...(flags ?? [])]);
    return new Broker(server.urls, {end: () => server.stop(), own: true});
  }
  shared ??= Server.start();
  const {urls} = await shared;
  const all = new Broker(urls);
  const made = await all.call('namespace.new', {name: `${name}#${++lastNamespace}`});
  const {namespace} = made;
  return new Broker(made.urls, {
    control: urls.http[0],
    namespace,
    end: () => all.call('namespace.remove', {namespace}),
  });
}
