"""Wherry in a test: a broker that NATS and Kafka clients take for the real thing.

    with wherry.Broker() as broker:
        connect(broker.nats_url)
"""

from wherry import conditions
from wherry._broker import AddedFault, Broker, Hold, Namespace, Subscription
from wherry._errors import DeadlineExceeded, Error, InvalidArgument, NotFound, Unavailable
from wherry._library import library as _library
from wherry._values import Info, Message, Position, Record


def version():
    """The library's version, "0.1.0"."""
    return _library().version()


__all__ = [
    "AddedFault",
    "Broker",
    "DeadlineExceeded",
    "Error",
    "Hold",
    "Info",
    "InvalidArgument",
    "Message",
    "Namespace",
    "NotFound",
    "Position",
    "Record",
    "Subscription",
    "Unavailable",
    "conditions",
    "version",
]
