"""What calls raise."""


class Error(Exception):
    """A call that failed: `status` as a word ("not_found"), and a sentence for people."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class NotFound(Error, LookupError):
    """Nothing of that name."""


class DeadlineExceeded(Error, TimeoutError):
    """The time passed first; the message says what was seen instead."""


class InvalidArgument(Error, ValueError):
    """A value that can never work; the message names it."""


class Unavailable(Error, ConnectionError):
    """Nobody there: no responders, a port in use, a broker that has stopped."""


_CLASSES = {
    "not_found": NotFound,
    "deadline_exceeded": DeadlineExceeded,
    "invalid_argument": InvalidArgument,
    "unavailable": Unavailable,
}


def error_of(status, message):
    return _CLASSES.get(status, Error)(status, message)
