"""Fixtures for pytest; installed with the package, they need no import.

`broker`          what one test has of a broker: a namespace that no other test sees
`wherry_broker`   the broker that all tests share, one for each worker under pytest-xdist
`wherry_options`  its options; override it in a conftest.py

A test marked `@pytest.mark.wherry(clock="virtual")` has a broker of its own with these options.

At the end of a test `broker` looks at what the test left (wherry/lint.h), and fails it for messages
that nobody received, reads that were not committed, open connections. A test that means it is
marked `@pytest.mark.wherry_allow("unreceived")`, or without names for all rules.
"""

import pytest

import wherry


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "wherry(**options): `broker` is a whole broker, the test's own, with these options",
    )
    config.addinivalue_line(
        "markers",
        "wherry_allow(*rules): lint rules that the test may break; without a name, all",
    )


# Operations of clients that are remembered, for lint and for failures' sake.
HISTORY = 10_000
# Characters of a namespace's name, which is a test's as far as that goes.
MAX_NAME = 200


@pytest.fixture(scope="session")
def wherry_options():
    """Options of every broker, {name: value}."""
    return {}


@pytest.fixture(scope="session")
def wherry_broker(wherry_options):
    """A broker that all tests of this process share."""
    with wherry.Broker(**{"history": HISTORY, **wherry_options}) as broker:
        yield broker


@pytest.fixture
def broker(request):
    """A namespace, or where the test is marked so a broker, that no other test sees."""
    mark = request.node.get_closest_marker("wherry")
    if mark is None:
        shared = request.getfixturevalue("wherry_broker")
        owned = shared.namespace(request.node.nodeid[:MAX_NAME])
    else:
        options = request.getfixturevalue("wherry_options")
        owned = wherry.Broker(**{"history": HISTORY, **options, **mark.kwargs})
    with owned:
        yield owned
        _lint(request.node, owned)


def _lint(test, owned):
    marks = list(test.iter_markers("wherry_allow"))
    allowed = [rule for mark in marks for rule in mark.args]
    if marks and not allowed:
        return
    try:
        findings = owned.lint(allow=allowed)
    except wherry.Unavailable:
        return  # a test that stopped its broker has looked for itself
    except wherry.Error as error:
        if error.status == "failed_precondition":
            return  # history=0: nothing is remembered to look at
        raise
    if findings:
        listed = "\n".join(f"[{finding.rule}] {finding.text}" for finding in findings)
        pytest.fail(f"the test left something wrong behind:\n{listed}", pytrace=False)
