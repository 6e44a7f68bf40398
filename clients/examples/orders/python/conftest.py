import os


def pytest_generate_tests(metafunc):
    """Repeats every test WHERRY_ORDERS_RUNS times, once without it."""
    runs = int(os.environ.get("WHERRY_ORDERS_RUNS", "1"))
    if runs > 1:
        metafunc.fixturenames.append("run")
        metafunc.parametrize("run", range(runs))
