// The order application against what goes wrong in production, without a sleep.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {connections, consumed, groupEmpty, groupStable, subscribed, wherry} from 'wherry';
import {Fulfilment, OrderService, Shop, TimeoutError} from './orders.mjs';

const limit = {limitMs: 20_000};
const order = (id) => ({id, quantity: 1});

// What a test has: a broker, and the application as it starts it.
class World {
  #closing = [];

  constructor(broker) {
    this.broker = broker;
    // Nobody listens to what the fulfilment announces; the tests look at the broker's log.
    broker.allowLint('unreceived');
  }

  async shop() {
    const shop = await Shop.open(this.broker.natsUrl);
    this.#closing.push(() => shop.close());
    return shop;
  }

  async service(options) {
    const service =
      await OrderService.start(this.broker.natsUrl, this.broker.kafkaBootstrap, options);
    this.#closing.push(() => service.close());
    return service;
  }

  async member(name) {
    const member =
      await Fulfilment.start(this.broker.natsUrl, this.broker.kafkaBootstrap, name);
    this.#closing.push(() => member.leave());
    return member;
  }

  async kept() {
    return (await this.broker.records('orders')).map(({key}) => key.toString()).sort();
  }

  // The orders that were announced as fulfilled; some perhaps more than once.
  async announced(by = {}) {
    const log = await this.broker.requests(
      {operation: 'nats.PUB', subject: 'orders.fulfilled.>', ...by});
    return [...new Set(log.map(({subject}) => subject.slice('orders.fulfilled.'.length)))].sort();
  }

  // How many partitions each member has.
  async shares() {
    const [{members}] = await this.broker.groups();
    return Object.fromEntries(
      members.map(({client_id, assignment}) => [client_id, assignment.orders.length]));
  }

  async end() {
    for (const close of this.#closing.reverse()) await close();
    await this.broker.stop();
  }
}

// A test, WHERRY_ORDERS_RUNS times; once without it.
function repeat(name, body, options) {
  test(name, async (t) => {
    for (let run = 0; run < Number(process.env.WHERRY_ORDERS_RUNS ?? 1); ++run) {
      await t.test(`${run}`, async () => {
        const world = new World(await wherry(options));
        try {
          await body(world);
        } finally {
          await world.end();
        }
      });
    }
  });
}

repeat('request times out', async (world) => {
  const {broker} = world;
  await broker.createTopic('orders');
  await world.service();
  const shop = await world.shop();
  const lost = await broker.fault('nats.MSG', {subject: 'orders.new', times: 1, drop: true});
  await assert.rejects(shop.place(order('1'), {timeoutMs: 100}), TimeoutError);
  // The shop may give up before its request arrives; that is struck all the same, before this.
  await shop.place(order('2'));
  assert.equal(await lost.fired(), 1);
  assert.deepEqual(await world.kept(), ['2']);
});

repeat('lost produce reply', async (world) => {
  const {broker} = world;
  await broker.createTopic('orders');
  const shop = await world.shop();
  for (const [id, idempotent] of [['once', true], ['twice', false]]) {
    const lost = await broker.fault('kafka.Produce', {times: 1, afterApply: true, reset: true});
    const service = await world.service({idempotent});
    await shop.place(order(id));
    await service.close();
    assert.equal(await lost.fired(), 1);
  }
  assert.deepEqual(await world.kept(), ['once', 'twice', 'twice']);
});

repeat('rebalance', async (world) => {
  const {broker} = world;
  await broker.createTopic('orders', 4);
  await world.service();
  const shop = await world.shop();
  await world.member('stays');
  const leaving = await world.member('leaves');
  await broker.await(groupStable('fulfilment', 2), limit);
  assert.deepEqual(await world.shares(), {stays: 2, leaves: 2});
  for (let id = 10; id < 20; ++id) await shop.place(order(`${id}`));
  await leaving.leave();
  await broker.await(groupStable('fulfilment', 1), limit);
  assert.deepEqual(await world.shares(), {stays: 4});
  for (let id = 20; id < 30; ++id) await shop.place(order(`${id}`));
  await broker.await(consumed('orders', 'fulfilment'), limit);
  const all = Array.from({length: 20}, (_, index) => `${10 + index}`);
  assert.deepEqual(await world.kept(), all);
  assert.deepEqual(await world.announced(), all);
});

repeat('crash and restart', async (world) => {
  const {broker} = world;
  await broker.createTopic('orders');
  await world.service();
  const shop = await world.shop();
  await world.member();
  await broker.await(groupStable('fulfilment'), limit);
  await shop.place(order('1'));
  await shop.place(order('2'));
  await broker.crash();
  await broker.restart();
  // All are back by themselves: what is sent to a connection that has died is lost.
  await broker.await(connections('nats', 3), limit);
  await broker.await(subscribed('orders.new'), limit);
  await shop.place(order('3'));
  await broker.await(consumed('orders', 'fulfilment'), limit);
  assert.deepEqual(await world.kept(), ['1', '2', '3']);
  assert.deepEqual(await world.announced(), ['1', '2', '3']);
}, {own: true, flags: ['--simulated-disk']});

repeat('redelivery', async (world) => {
  const {broker} = world;
  await broker.createTopic('orders');
  await world.service();
  await (await world.shop()).place(order('1'));
  const hold = await broker.hold('nats.PUB', {subject: 'orders.fulfilled.>', client: 'first'});
  const first = await world.member('first');
  await hold.wait(limit);
  await first.leave();
  await hold.release();
  await broker.await(groupEmpty('fulfilment'), limit);
  assert.deepEqual(await broker.committedOffsets('fulfilment'), []);
  await world.member('second');
  await broker.await(consumed('orders', 'fulfilment'), limit);
  assert.deepEqual(await world.kept(), ['1']);
  assert.deepEqual(await world.announced({client: 'second'}), ['1']);
});
