"""The order application against what goes wrong in production, without a sleep."""

import asyncio

import pytest
from orders import Fulfilment, OrderService, Shop
from wherry.conditions import connections, consumed, group_empty, group_stable, subscribed

# Nobody listens to what the fulfilment announces; the tests look at the broker's log.
pytestmark = pytest.mark.wherry_allow("unreceived")


@pytest.fixture
def until(broker):
    """Waits without holding up the application, which lives in the same event loop."""

    async def wait(condition):
        await asyncio.to_thread(broker.await_, condition, limit=20)

    return wait


def order(id):
    return {"id": id, "quantity": 1}


def service(broker, **options):
    return OrderService(broker.nats_url, broker.kafka_bootstrap, **options)


def member(broker, name="fulfilment"):
    return Fulfilment(broker.nats_url, broker.kafka_bootstrap, name)


def kept(broker):
    return sorted(record.key.decode() for record in broker.records("orders"))


def announced(broker, **by):
    """The orders that were announced as fulfilled; some perhaps more than once."""
    log = broker.requests(operation="nats.PUB", subject="orders.fulfilled.>", **by)
    return sorted({request.subject.removeprefix("orders.fulfilled.") for request in log})


async def test_request_times_out(broker):
    broker.create_topic("orders")
    async with service(broker), Shop(broker.nats_url) as shop:
        lost = broker.fault("nats.MSG", subject="orders.new", times=1, drop=True)
        with pytest.raises(TimeoutError, match="order 1"):
            await shop.place(order("1"), timeout=0.1)
        # The shop may give up before its request arrives; that is struck all the same, before this.
        await shop.place(order("2"))
        assert lost.fired == 1
        assert kept(broker) == ["2"]


async def test_lost_produce_reply(broker):
    broker.create_topic("orders")
    async with Shop(broker.nats_url) as shop:
        for id, idempotent in [("once", True), ("twice", False)]:
            lost = broker.fault("kafka.Produce", times=1, after_apply=True, reset=True)
            async with service(broker, idempotent=idempotent):
                await shop.place(order(id))
            assert lost.fired == 1
    assert kept(broker) == ["once", "twice", "twice"]


async def test_rebalance(broker, until):
    broker.create_topic("orders", partitions=4)
    async with service(broker), Shop(broker.nats_url) as shop, member(broker, "stays"):
        async with member(broker, "leaves"):
            await until(group_stable("fulfilment", 2))
            members = broker.describe_group("fulfilment").members
            shares = {one.client_id: len(one.assignment["orders"]) for one in members}
            assert shares == {"stays": 2, "leaves": 2}
            for id in range(10, 20):
                await shop.place(order(str(id)))
        await until(group_stable("fulfilment", 1))
        [last] = broker.describe_group("fulfilment").members
        assert last.assignment["orders"] == [0, 1, 2, 3]
        for id in range(20, 30):
            await shop.place(order(str(id)))
        await until(consumed("orders", "fulfilment"))
    assert announced(broker) == kept(broker) == [str(id) for id in range(10, 30)]


@pytest.mark.wherry(simulated_disk=True)
async def test_crash_and_restart(broker, until):
    broker.create_topic("orders")
    async with service(broker), Shop(broker.nats_url) as shop, member(broker):
        await until(group_stable("fulfilment"))
        await shop.place(order("1"))
        await shop.place(order("2"))
        broker.crash()
        broker.restart()
        # All are back by themselves: what is sent to a connection that has died is lost.
        await until(connections("nats", 3))
        await until(subscribed("orders.new"))
        await shop.place(order("3"))
        await until(consumed("orders", "fulfilment"))
    assert announced(broker) == kept(broker) == ["1", "2", "3"]


async def test_redelivery(broker, until):
    broker.create_topic("orders")
    async with service(broker), Shop(broker.nats_url) as shop:
        await shop.place(order("1"))
        with broker.hold("nats.PUB", subject="orders.fulfilled.>", client="first") as hold:
            async with member(broker, "first"):
                await asyncio.to_thread(hold.wait)
        await until(group_empty("fulfilment"))
        assert broker.committed_offsets("fulfilment") == {}
        async with member(broker, "second"):
            await until(consumed("orders", "fulfilment"))
    assert announced(broker, client="second") == kept(broker) == ["1"]
