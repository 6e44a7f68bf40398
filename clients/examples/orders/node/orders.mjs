// Orders: a shop places them over NATS, Kafka keeps them, a consumer group fulfils them. Stock
// clients, which know nothing of Wherry.

import {Kafka, logLevel} from 'kafkajs';
import {connect as connectNats, ErrorCode, StringCodec} from 'nats';

const topic = 'orders';
const group = 'fulfilment';
const text = StringCodec();

// All is near: clients that lost a connection try again soon.
const connect = (name, url) =>
  connectNats({name, servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 20,
    reconnectJitter: 0});
const kafkaOf = (name, bootstrap) => new Kafka({
  clientId: name,
  brokers: [bootstrap],
  logLevel: logLevel.NOTHING,
  retry: {initialRetryTime: 20, maxRetryTime: 100, retries: 100},
});

// An order that may be kept or not: nobody answered in time.
export class TimeoutError extends Error {
  name = 'TimeoutError';
}

// Where orders come from.
export class Shop {
  static async open(natsUrl) {
    const shop = new Shop();
    shop.nats = await connect('shop', natsUrl);
    return shop;
  }

  // Resolves when the order is kept.
  async place(order, {timeoutMs = 20_000} = {}) {
    let reply;
    try {
      reply = await this.nats.request('orders.new', text.encode(JSON.stringify(order)),
        {timeout: timeoutMs});
    } catch (error) {
      if (error.code !== ErrorCode.Timeout) throw error;
      throw new TimeoutError(`order ${order.id}: no answer in ${timeoutMs} ms`);
    }
    const answer = text.decode(reply.data);
    if (answer !== 'accepted') throw new Error(`order ${order.id}: ${answer}`);
  }

  close() {
    return this.nats.close();
  }
}

// Checks orders, and answers when Kafka has them.
export class OrderService {
  static async start(natsUrl, kafka, {idempotent = true} = {}) {
    const service = new OrderService();
    service.producer = kafkaOf('order-service', kafka).producer({idempotent});
    await service.producer.connect();
    service.nats = await connect('order-service', natsUrl);
    service.done = service.#take(service.nats.subscribe('orders.new'));
    await service.nats.flush();
    return service;
  }

  async #take(requests) {
    for await (const request of requests) {
      let answer = 'accepted';
      try {
        await this.#keep(text.decode(request.data));
      } catch (error) {
        answer = `not kept: ${error.message}`;
      }
      request.respond(text.encode(answer));
    }
  }

  async #keep(value) {
    const {id, quantity} = JSON.parse(value);
    if (!id || !(quantity >= 1)) throw new Error('an order needs an id and a quantity');
    await this.producer.send({topic, acks: -1, messages: [{key: id, value}]});
  }

  // Ends when the orders in hand are kept and answered.
  async close() {
    if (!this.nats.isClosed()) await this.nats.drain();
    await this.done;
    await this.producer.disconnect();
  }
}

// A member of the group: announces each order on orders.fulfilled.<id>, then commits it. Whatever
// goes wrong between the two, the order is announced again, by it or another.
export class Fulfilment {
  static async start(natsUrl, kafka, name = 'fulfilment') {
    const member = new Fulfilment();
    member.nats = await connect(name, natsUrl);
    member.consumer = kafkaOf(name, kafka).consumer({
      groupId: group,
      heartbeatInterval: 50,
      maxWaitTimeInMs: 50,
    });
    await member.consumer.connect();
    await member.consumer.subscribe({topics: [topic], fromBeginning: true});
    await member.consumer.run({
      autoCommit: false,
      eachMessage: ({partition, message}) => member.#fulfil(partition, message),
    });
    return member;
  }

  // What fails here, the consumer reads again.
  async #fulfil(partition, {key, offset}) {
    this.nats.publish(`orders.fulfilled.${key}`);
    await Promise.race([this.nats.flush(), this.nats.closed()]);
    if (this.nats.isClosed()) throw new Error(`${key} is not announced: the member leaves`);
    const next = String(BigInt(offset) + 1n);
    await this.consumer.commitOffsets([{topic, partition, offset: next}]);
  }

  // Leaves the group; an order in hand is not committed.
  async leave() {
    await this.nats.close();
    await this.consumer.disconnect();
  }
}
