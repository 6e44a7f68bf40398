"""libwherry.so through ctypes: wherry/c.h, as far as this package needs it."""

import ctypes
import ctypes.util
import json
import os
import pathlib

from wherry._errors import error_of

_HANDLE = ctypes.c_void_p
_TEXT_OUT = ctypes.POINTER(ctypes.c_void_p)

# Name -> (result, arguments).
_FUNCTIONS = {
    "wherry_version": (ctypes.c_char_p, []),
    "wherry_status_name": (ctypes.c_char_p, [ctypes.c_int]),
    "wherry_free": (None, [ctypes.c_void_p]),
    "wherry_options_new": (_HANDLE, []),
    "wherry_options_free": (None, [_HANDLE]),
    "wherry_options_set": (
        ctypes.c_int,
        [_HANDLE, ctypes.c_char_p, ctypes.c_char_p, _TEXT_OUT],
    ),
    "wherry_start": (ctypes.c_int, [_HANDLE, ctypes.POINTER(_HANDLE), _TEXT_OUT]),
    "wherry_stop": (ctypes.c_int, [_HANDLE, _TEXT_OUT]),
    "wherry_broker_free": (None, [_HANDLE]),
    "wherry_default_namespace": (_HANDLE, [_HANDLE]),
    "wherry_namespace_new": (
        ctypes.c_int,
        [_HANDLE, ctypes.c_char_p, ctypes.POINTER(_HANDLE), _TEXT_OUT],
    ),
    "wherry_namespace_free": (None, [_HANDLE]),
    "wherry_url": (ctypes.c_int, [_HANDLE, ctypes.c_char_p, _TEXT_OUT, _TEXT_OUT]),
    "wherry_address": (ctypes.c_int, [_HANDLE, ctypes.c_char_p, _TEXT_OUT, _TEXT_OUT]),
    "wherry_call": (
        ctypes.c_int,
        [
            _HANDLE,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_size_t,
            _TEXT_OUT,
            ctypes.POINTER(ctypes.c_size_t),
            _TEXT_OUT,
        ],
    ),
}

_FILE = "libwherry.so"


def _path():
    """WHERRY_LIBRARY, else the file beside this package, else what the loader finds."""
    named = os.environ.get("WHERRY_LIBRARY")
    if named:
        return named
    beside = pathlib.Path(__file__).with_name(_FILE)
    if beside.exists():
        return str(beside)
    return ctypes.util.find_library("wherry") or _FILE


class Library:
    """The loaded library. Threads: any; a call lets other Python threads run."""

    def __init__(self):
        path = _path()
        try:
            self._c = ctypes.CDLL(path)
        except OSError as error:
            raise OSError(
                f"cannot load {path}: {error}; build Wherry and set WHERRY_LIBRARY to its "
                f"{_FILE}, or install it where the loader looks"
            ) from None
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(self._c, name)
            function.restype = result
            function.argtypes = arguments

    def version(self):
        return self._c.wherry_version().decode()

    def start(self, options):
        """A broker's handle. `options` are (key, value) pairs of wherry_options_set."""
        settings = self._c.wherry_options_new()
        try:
            for key, value in options:
                self._check(
                    self._c.wherry_options_set, settings, key.encode(), value.encode()
                )
            broker = _HANDLE()
            self._check(self._c.wherry_start, settings, ctypes.byref(broker))
            return broker
        finally:
            self._c.wherry_options_free(settings)

    def stop(self, broker):
        self._check(self._c.wherry_stop, broker)

    def free_broker(self, broker):
        self._c.wherry_broker_free(broker)

    def default_namespace(self, broker):
        return _HANDLE(self._c.wherry_default_namespace(broker))

    def new_namespace(self, broker, name):
        space = _HANDLE()
        self._check(self._c.wherry_namespace_new, broker, name.encode(), ctypes.byref(space))
        return space

    def free_namespace(self, space):
        self._c.wherry_namespace_free(space)

    def url(self, space, protocol):
        return self._text(self._c.wherry_url, space, protocol.encode())

    def address(self, space, protocol):
        return self._text(self._c.wherry_address, space, protocol.encode())

    def call(self, space, operation, members):
        """Runs a control operation; a dict in, a dict out."""
        text = json.dumps(members).encode()
        size = ctypes.c_size_t()
        answer = ctypes.c_void_p()
        self._check(
            self._c.wherry_call,
            space,
            operation.encode(),
            text,
            len(text),
            ctypes.byref(answer),
            ctypes.byref(size),
        )
        return json.loads(self._take(answer, size.value))

    def _text(self, function, *arguments):
        text = ctypes.c_void_p()
        self._check(function, *arguments, ctypes.byref(text))
        return self._take(text).decode()

    def _check(self, function, *arguments):
        error = ctypes.c_void_p()
        status = function(*arguments, ctypes.byref(error))
        if status != 0:
            name = self._c.wherry_status_name(status).decode()
            raise error_of(name, self._take(error).decode())

    def _take(self, text, size=None):
        """The bytes of a text that was given out, which is freed."""
        try:
            return ctypes.string_at(text) if size is None else ctypes.string_at(text, size)
        finally:
            self._c.wherry_free(text)


_loaded = None


def library():
    global _loaded
    if _loaded is None:
        _loaded = Library()
    return _loaded
