"""One lab for all tests of a run; tests take customers that no other test uses.

KEEP=1 leaves the logs and files of every host in a directory, and says where.
"""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import Lab  # noqa: E402

LABS = []


def pytest_configure(config):
    config.addinivalue_line("markers", "short: also in the short form, which ./test runs")


@pytest.fixture(scope="session")
def lab():
    if not os.environ.get("MXSEAL_LAB"):
        pytest.skip("the lab is run by tests/lab/run")
    made = Lab(tempfile.mkdtemp(prefix="mxseal-lab-"))
    LABS.append(made)
    try:
        yield made.start()
    finally:
        made.end()
        if os.environ.get("KEEP"):
            print(f"\nleft in {made.folder}")
        else:
            shutil.rmtree(made.folder)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """What the service said goes with a failure."""
    report = (yield).get_result()
    if report.failed and LABS:
        for name, file in (("mxseal", "log"), ("sender", "postfix.log")):
            path = LABS[0].folder / name / file
            text = path.read_text(errors="replace") if path.exists() else ""
            report.sections.append((f"{file} of {name}", "\n".join(text.splitlines()[-40:])))
