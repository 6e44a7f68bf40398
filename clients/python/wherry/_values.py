"""Messages and records as Python values, and how they travel as JSON."""

import base64
import dataclasses


class Info(dict):
    """Members of an answer; `info.state` is `info["state"]`."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{name}; there are {', '.join(self)}") from None

    @classmethod
    def of(cls, value):
        """The same for all that lies inside."""
        if isinstance(value, dict):
            return cls({name: cls.of(member) for name, member in value.items()})
        return [cls.of(one) for one in value] if isinstance(value, list) else value


def put_bytes(members, name, value):
    """Adds bytes, or text, to the members of a call; None is left out."""
    if value is None:
        return
    if isinstance(value, str):
        members[name] = value
    else:
        members[name + "_base64"] = base64.b64encode(bytes(value)).decode()


def take_bytes(members, name):
    """The bytes of an answer, None for null."""
    encoded = members.get(name + "_base64")
    if encoded is not None:
        return base64.b64decode(encoded)
    text = members.get(name)
    return None if text is None else text.encode()


def headers_to_json(headers):
    """`headers`: a dict, or (name, value) pairs where names repeat."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    listed = []
    for name, value in pairs:
        header = {"name": name}
        put_bytes(header, "value", value)
        listed.append(header)
    return listed


def _headers_of(members):
    return [(header["name"], take_bytes(header, "value")) for header in members["headers"]]


@dataclasses.dataclass(frozen=True)
class Message:
    """A NATS message."""

    subject: str
    payload: bytes
    reply: str = ""
    headers: list = dataclasses.field(default_factory=list)  # (name, bytes) pairs

    def header(self, name):
        """The first header of that name (compared without case) as text, or None."""
        for other, value in self.headers:
            if other.lower() == name.lower():
                return value.decode()
        return None

    @classmethod
    def from_json(cls, members):
        return cls(
            members["subject"],
            take_bytes(members, "payload"),
            members["reply"],
            _headers_of(members),
        )


@dataclasses.dataclass(frozen=True)
class Record:
    """A Kafka record; `key` and `value` are None where they are null."""

    partition: int
    offset: int
    timestamp: int  # milliseconds since the epoch
    key: bytes | None
    value: bytes | None
    headers: list = dataclasses.field(default_factory=list)  # (name, bytes or None) pairs

    @classmethod
    def from_json(cls, members):
        return cls(
            members["partition"],
            members["offset"],
            members["timestamp"],
            take_bytes(members, "key"),
            take_bytes(members, "value"),
            _headers_of(members),
        )


@dataclasses.dataclass(frozen=True)
class Position:
    """Where an appended record came to lie."""

    partition: int
    offset: int
