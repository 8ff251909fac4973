"""Where a demonstration listens when nobody says otherwise, and whose state it takes."""
import os
import shutil
import socket
import subprocess

import pytest

from conftest import BIN, DEADLINE, Service, free_port_base
from namespace import Namespace

HOLD = "import socket, time; s = socket.create_server(('127.0.0.1', 8080)); print(flush=True); time.sleep(600)"
GREETING = "import socket; print(socket.create_connection(('127.0.0.1', 8025)).recv(4))"


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("ip"), reason="needs root and ip")
def test_its_own_ports(tmp_path):
    """Those of the README; one that is taken is said with its owner, and the next one used."""
    with Namespace(tmp_path) as space:
        inside = lambda *words: subprocess.run(space.command(*words), capture_output=True, text=True, timeout=DEADLINE,
                                               check=True).stdout
        holder = subprocess.Popen(space.command("/usr/bin/python3", "-c", HOLD), stdout=subprocess.PIPE)
        space.programs.append(holder)
        holder.stdout.readline()
        service = Service(tmp_path, ["--demo", "--empty", "--state", tmp_path / "state"], {}, prefix=space.command())
        service.start()
        try:
            said = f"127.0.0.1:8080 (HTTP) is taken by python3 (process {holder.pid}); using 127.0.0.1:8081"
            assert said in service.log_text()
            service.run("domain", "add", "one.example", "--mx", "mx.one.example", check=0)
            policy = inside("curl", "-sS", "--cacert", service.state / "demo-ca.pem",
                            "--resolve", "mta-sts.one.example:8443:127.0.0.1",
                            "https://mta-sts.one.example:8443/.well-known/mta-sts.txt")
            assert policy.startswith("version: STSv1")
            names = inside("dig", "@127.0.0.1", "-p", "8053", "sts.mxseal.example", "NS", "+short")
            assert names == "ns1.sts.mxseal.example.\n"
            assert "220 " in inside("/usr/bin/python3", "-c", GREETING)
            assert service.json("login")["url"].startswith("http://127.0.0.1:8000/login?token=")
            assert '"ok"' in inside("curl", "-sS", "http://127.0.0.1:8000/healthz")
            assert inside("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8081/") == "404"
        finally:
            service.stop()


def serve(*args):
    return subprocess.run([BIN, "serve", *map(str, args)], capture_output=True, text=True, timeout=DEADLINE, check=False)


def test_ports_that_were_named(tmp_path):
    """--port-base means these ports and no others."""
    base = free_port_base()
    with socket.create_server(("127.0.0.1", base + 80)):
        done = serve("--demo", "--empty", "--state", tmp_path / "state", "--port-base", base)
    assert done.returncode == 5 and f"{base + 80}" in done.stderr and "taken by" in done.stderr, done
    assert "\nfix: " in done.stderr


def test_whose_state_it_is(demo, make_product, tmp_path):
    """A product never runs on the state of a demonstration, and no demonstration on any other folder."""
    product = make_product()
    product.stop()
    demo.stop()
    before = sorted(product.state.iterdir())
    config = product.folder / "mxseal.conf"
    for done in (serve("--demo", "--state", product.state), serve("--config", config, "--state", demo.state)):
        assert done.returncode == 4 and "demonstration" in done.stderr and "\nfix: " in done.stderr, done
    assert sorted(product.state.iterdir()) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter").write_text("dear")
    assert serve("--demo", "--state", tmp_path / "mine").returncode == 4
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter"]


def test_the_way_in_from_elsewhere(make_product):
    """login prints the ssh line that reaches a dashboard on loopback."""
    service = make_product()
    port = service.ports["admin"]
    done = service.run("login", check=0)
    assert done.stdout.startswith(f"http://127.0.0.1:{port}/login?token=")
    assert f"ssh -L {port}:127.0.0.1:{port} mx.service.example\n" in done.stderr
    service.stop()
    conf = service.folder / "mxseal.conf"
    conf.write_text(conf.read_text().replace(f"admin = 127.0.0.1:{port}", f"admin = [::1]:{port}"))
    service.start()
    assert f"ssh -L {port}:[::1]:{port} mx.service.example\n" in service.run("login", check=0).stderr
