// Waiting, faults, crashes and the clock, met by a client on a socket.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import {test} from 'node:test';

import {connections, subscribed, unsubscribed, wherry, WherryError} from './index.mjs';

const patience = {limitMs: 20000, timeoutMs: 20000};
const failsWith = (status) => (error) => error instanceof WherryError && error.status === status;

// A NATS client of a few lines.
class NatsSocket {
  static async connect(broker) {
    const [host, port] = broker.natsUrl.slice('nats://'.length).split(':');
    const client = new NatsSocket(net.connect({host, port: Number(port)}));
    await client.came('INFO ');
    client.send('CONNECT {"verbose":false}');
    return client;
  }

  constructor(socket) {
    this.text = '';
    this.socket = socket.setEncoding('latin1').on('data', (text) => (this.text += text));
    // By a reset too, which once() would reject for.
    this.ended = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
  }

  send(...lines) {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  // Resolves when something has come, and drops all up to it.
  async came(part) {
    while (!this.text.includes(part)) await once(this.socket, 'data');
    this.text = this.text.slice(this.text.indexOf(part) + part.length);
  }

  async roundTrip() {
    this.send('PING');
    await this.came('PONG');
  }

  async close(broker) {
    this.socket.destroy();
    await broker.await(connections('nats', 0), patience);
  }
}

const withBroker = (name, run, options) =>
  test(name, async (t) => {
    const broker = await wherry(options);
    t.after(() => broker.stop());
    await run(broker);
  });

withBroker('awaits a subscription on its way', async (broker) => {
  const client = await NatsSocket.connect(broker);
  client.send('SUB orders.> 1');
  await broker.await(subscribed('orders.new'), patience);
  await broker.publish('orders.new', 'x');
  await client.came('MSG orders.new 1 1\r\nx\r\n');
  await client.close(broker);
  await broker.await(unsubscribed('orders.new'), patience);
  await broker.awaitIdle(patience);
  await assert.rejects(broker.await(subscribed('orders.new'), {limitMs: 1}),
    failsWith('deadline_exceeded'));
});

withBroker('faults strike', async (broker) => {
  const client = await NatsSocket.connect(broker);
  const orders = await broker.subscribe('orders.*');
  const lost = await broker.fault('nats.PUB', {subject: 'orders.*', times: 1, drop: true});
  client.send('PUB orders.new 1', '1', 'PUB orders.new 1', '2');
  assert.equal((await orders.next(patience)).payload.toString(), '2');
  assert.equal(await lost.fired(), 1);
  await lost.remove();
  assert.deepEqual(await broker.faults(), []);
  await broker.fault('nats.PUB', {times: 1, fail: 'not today'});
  client.send('PUB orders.new 1', '3');
  await client.came("-ERR 'not today'");
  await broker.clearFaults();
  await broker.fault('nats.PING', {delayMs: 1});
  await client.roundTrip();
  await assert.rejects(broker.fault('nats.SING', {drop: true}), failsWith('invalid_argument'));
  await client.close(broker);
});

withBroker('a hold holds', async (broker) => {
  const client = await NatsSocket.connect(broker);
  const orders = await broker.subscribe('orders.*');
  const held = await broker.hold('nats.PUB', {subject: 'orders.new'});
  client.send('PUB orders.new 1', '1');
  await held.wait(patience);
  await assert.rejects(orders.next({timeoutMs: 0}), failsWith('deadline_exceeded'));
  await held.release();
  assert.equal((await orders.next(patience)).payload.toString(), '1');
  await client.close(broker);
});

withBroker('a crash, a restart and a full disk', async (broker) => {
  await broker.createTopic('orders');
  await broker.append('orders', '1');
  const client = await NatsSocket.connect(broker);
  await client.roundTrip();
  await broker.crash();
  await client.ended;
  await assert.rejects(broker.topics(), WherryError);
  await broker.restart();
  assert.equal((await broker.records('orders')).length, 1);
  const again = await NatsSocket.connect(broker);
  await again.roundTrip();
  await again.close(broker);
  await broker.storageFault('disk_full', {commits: 1});
  await assert.rejects(broker.append('orders', '2'), WherryError);
  await broker.append('orders', '3');
}, {flags: ['--simulated-disk']});

withBroker('a shared server is not crashed', async (broker) => {
  await assert.rejects(broker.crash(), /own: true/);
});

withBroker('a virtual clock', async (broker) => {
  const client = await NatsSocket.connect(broker);
  await client.roundTrip();
  const start = await broker.now();
  await broker.advance({hours: 1, minutes: 60});
  assert.equal(await broker.now() - start, 2 * 3600 * 1000);
  await client.roundTrip();
  assert.ok((await broker.pendingTimers()).some(({kind}) => kind === 'liveness'));
  const fired = await broker.advance({hours: 2}, {liveness: true});
  assert.ok(fired.some(({kind}) => kind === 'liveness'));
  await client.ended;
  await broker.await(connections('nats', 0), patience);
}, {clock: 'virtual'});
