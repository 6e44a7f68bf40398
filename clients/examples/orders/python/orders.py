"""Orders: a shop places them over NATS, Kafka keeps them, a consumer group fulfils them.

Stock clients, which know nothing of Wherry; each class is an asynchronous context manager.
"""

import asyncio
import json

import nats
from confluent_kafka import Consumer, KafkaException, Producer

TOPIC = "orders"
GROUP = "fulfilment"

# All is near: clients that lost a connection try again soon.
KAFKA = {"reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100, "retry.backoff.ms": 10}


class OrderRefused(Exception):
    """The order service said no, and why."""


class Client:
    """What all have: a connection to NATS that comes back by itself."""

    def __init__(self, name, nats_url):
        self.name = name
        self._nats_url = nats_url

    async def __aenter__(self):
        self._nats = await nats.connect(
            self._nats_url,
            name=self.name,
            reconnect_time_wait=0.02,
            max_reconnect_attempts=-1,
            error_cb=_ignore,  # it tells of every attempt to reconnect
        )
        return self

    async def __aexit__(self, *_):
        await self._nats.close()


class Shop(Client):
    """Where orders come from."""

    def __init__(self, nats_url):
        super().__init__("shop", nats_url)

    async def place(self, order, timeout=20.0):
        """Returns when the order is kept; TimeoutError: whether it is, is not known."""
        try:
            reply = await self._nats.request("orders.new", json.dumps(order).encode(), timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"order {order['id']}: no answer in {timeout} s") from None
        if reply.data != b"accepted":
            raise OrderRefused(reply.data.decode())


class OrderService(Client):
    """Checks orders, and answers when Kafka has them."""

    def __init__(self, nats_url, kafka, *, idempotent=True):
        super().__init__("order-service", nats_url)
        self._producer = Producer(
            KAFKA
            | {
                "bootstrap.servers": kafka,
                "client.id": self.name,
                "acks": "all",
                "enable.idempotence": idempotent,
                "linger.ms": 0,
            }
        )

    async def __aenter__(self):
        await super().__aenter__()
        await self._nats.subscribe("orders.new", cb=self._take)
        await self._nats.flush()
        return self

    async def __aexit__(self, *_):
        await super().__aexit__()
        await asyncio.to_thread(self._producer.close)

    async def _take(self, request):
        order = json.loads(request.data)
        if not order.get("id") or order.get("quantity", 0) < 1:
            answer = "an order needs an id and a quantity"
        else:
            error = await asyncio.to_thread(self._keep, order["id"], request.data)
            answer = f"not kept: {error}" if error else "accepted"
        await request.respond(answer.encode())

    def _keep(self, key, value):
        results = []
        self._producer.produce(
            TOPIC, value, key, on_delivery=lambda error, _: results.append(error)
        )
        self._producer.flush()
        return results[0]


class Fulfilment(Client):
    """A member of the group: announces each order on orders.fulfilled.<id>, then commits it.

    Whatever goes wrong between the two, the order is announced again, here or by another member.
    """

    def __init__(self, nats_url, kafka, name="fulfilment"):
        super().__init__(name, nats_url)
        self._consumer = Consumer(
            KAFKA
            | {
                "bootstrap.servers": kafka,
                "client.id": name,
                "group.id": GROUP,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "heartbeat.interval.ms": 50,
                "fetch.wait.max.ms": 50,
            }
        )

    async def __aenter__(self):
        await super().__aenter__()
        self._leaving = False
        self._consumer.subscribe([TOPIC])
        self._work = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_):
        """Leaves the group; an order in hand is not committed."""
        self._leaving = True
        await super().__aexit__()
        await self._work
        await asyncio.to_thread(self._consumer.close)

    async def _run(self):
        while not self._leaving:
            record = await asyncio.to_thread(self._consumer.poll, 0.05)
            if record is None or record.error():
                continue
            if await self._announced(record.key().decode()):
                try:
                    await asyncio.to_thread(self._consumer.commit, record, asynchronous=False)
                except KafkaException:
                    pass  # the group has changed meanwhile: its partition's owner gets it again

    async def _announced(self, id):
        while not self._leaving:
            before = self._nats.stats["reconnects"]
            try:
                await self._nats.publish(f"orders.fulfilled.{id}", b"")
                # nats-py's PING overtakes what was published just before: only the second PONG says
                # that the broker has it.
                await self._nats.flush(timeout=0.2)
                await self._nats.flush(timeout=0.2)
            except nats.errors.Error:
                continue  # disconnected: once more
            # A flush on the connection after tells nothing of what went to the one before.
            if self._nats.stats["reconnects"] == before:
                break
        return not self._leaving  # of a closed connection, flush says nothing


async def _ignore(_):
    pass
