"""The whole program in tests: a service on free loopback ports with a state of its own."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from ports import free_port, free_port_base  # noqa: E402,F401
from program import BIN, DEADLINE, EXACT, LONG, ROOT, SECOND, Authority, Service, eventually, openssl  # noqa: E402,F401
from reader import Reader  # noqa: E402


def demo_ports(base):
    return {"tls": base + 443, "http": base + 80, "dns": base + 53, "smtp": base + 25, "admin": base}


@pytest.fixture
def make_demo(tmp_path):
    """make_demo(*args): a demonstration; --empty unless full=True."""
    running = []

    def make(*args, full=False, name="demo"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        base = free_port_base()
        service = Service(folder, ["--demo", "--state", folder / "state", "--port-base", base,
                                   *([] if full else ["--empty"]), *args], demo_ports(base))
        running.append(service)
        return service.start()

    yield make
    for service in running:
        service.stop()


@pytest.fixture
def demo(make_demo):
    """An empty demonstration."""
    return make_demo()


@pytest.fixture(scope="module")
def shared_demo(tmp_path_factory):
    """An empty demonstration for all tests of a file, each of which has domains of its own."""
    folder, base = tmp_path_factory.mktemp("shared"), free_port_base()
    service = Service(folder, ["--demo", "--empty", "--state", folder / "state", "--port-base", base],
                      demo_ports(base)).start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def full_demo(tmp_path_factory):
    """A demonstration with its three domains and sixty days of reports; shared, so read only."""
    folder = tmp_path_factory.mktemp("full")
    base = free_port_base()
    service = Service(folder, ["--demo", "--state", folder / "state", "--port-base", base],
                      demo_ports(base)).start()
    days = lambda: service.json("report", "summary", "acme.example")["days"]
    eventually(lambda: sum(day["reports"] > 0 for day in days()) == 60)
    yield service
    service.stop()


CONFIG = """
[server]
state = {state}
[listen]
tls = 127.0.0.1:{tls}
http = 127.0.0.1:{http}
admin = 127.0.0.1:{admin}
[service]
host = mx.service.example
[report]
host = reports.service.example
[outgoing]
allow = 127.0.0.0/8
"""


@pytest.fixture
def make_product(tmp_path):
    """make_product(extra configuration): the product on loopback ports."""
    running = []

    def make(extra="", name="product", args=(), text=CONFIG):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        ports = {name: free_port() for name in ("tls", "http", "dns", "smtp", "admin")}
        config = folder / "mxseal.conf"
        config.write_text(text.format(state=folder / "state", **ports) + extra)
        service = Service(folder, ["--config", config, *args], ports)
        running.append(service)
        return service.start()

    yield make
    for service in running:
        service.stop()


@pytest.fixture
def reader():
    """The machine of somebody who reads the pages."""
    machine = Reader()
    yield machine
    machine.close()


@pytest.fixture
def authority(tmp_path):
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def corpus():
    """The corpus beside the checkout, where there is one."""
    path = ROOT.parent / "shared/corpus"
    if not path.is_dir():
        pytest.skip("no corpus beside the checkout")
    return path
