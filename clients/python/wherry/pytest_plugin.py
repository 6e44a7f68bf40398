"""Fixtures for pytest; installed with the package, they need no import.

`broker`          what one test has of a broker: a namespace that no other test sees
`wherry_broker`   the broker that all tests share, one for each worker under pytest-xdist
`wherry_options`  its options; override it in a conftest.py

A test marked `@pytest.mark.wherry(clock="virtual")` has a broker of its own with these options.
"""

import pytest

import wherry


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "wherry(**options): `broker` is a whole broker, the test's own, with these options",
    )


@pytest.fixture(scope="session")
def wherry_options():
    """Options of every broker, {name: value}."""
    return {}


@pytest.fixture(scope="session")
def wherry_broker(wherry_options):
    """A broker that all tests of this process share."""
    with wherry.Broker(**wherry_options) as broker:
        yield broker


@pytest.fixture
def broker(request):
    """A namespace, or where the test is marked so a broker, that no other test sees."""
    mark = request.node.get_closest_marker("wherry")
    if mark is None:
        shared = request.getfixturevalue("wherry_broker")
        owned = shared.namespace(request.node.nodeid)
    else:
        owned = wherry.Broker(**{**request.getfixturevalue("wherry_options"), **mark.kwargs})
    with owned:
        yield owned
