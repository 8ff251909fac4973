"""Sockets from the service manager: those of socket units, and those that wait through a restart."""
import os
import signal
import socket
import ssl
import threading

import pytest

from conftest import CONFIG, DEADLINE, eventually, free_port

DOMAIN = "restart.example"
HOST = "mta-sts." + DOMAIN


class Fetches:
    """Somebody who fetches the policy again and again, each time over a new connection."""

    def __init__(self, service, ca):
        self.service, self.ca = service, ca
        self.good, self.bad, self.over = 0, [], threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(3)]

    def run(self):
        while not self.over.is_set():
            try:
                status = self.service.fetch(HOST, ca=self.ca)[0]
                assert status == 200, status
                self.good += 1
            except Exception as e:  # whatever it is, it is counted
                self.bad.append(repr(e))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(DEADLINE)


def hosted(service, authority):
    service.run("domain", "add", DOMAIN, "--way", "txt", "--mx", "mx." + DOMAIN, check=0)
    service.run("cert", "import", authority.issue(HOST), check=0)


def close(fds):
    for _, fd in fds:
        os.close(fd)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_fetch_is_refused_during_a_restart(make_product, authority, how):
    """The listeners wait with the manager; who comes meanwhile is served by the next run."""
    service = make_product()
    service.stop()
    service.start(keep=True)
    assert {name for name, _ in service.stored} == {"kept"}
    hosted(service, authority)
    with Fetches(service, authority.cert) as fetches:
        eventually(lambda: fetches.good > 20)
        for _ in range(2):
            service.stop(how)
            stored, service.stored = service.stored, []
            service.start(passed=stored, keep=True)
            close(stored)
            seen = fetches.good
            eventually(lambda: fetches.good > seen + 20)
    # A killed process takes connections along that it had accepted; new ones are never refused.
    refused = [why for why in fetches.bad if how == signal.SIGTERM or "Refused" in why]
    assert not refused, refused[:5]
    service.stop()
    close(service.stored)


def test_who_has_connected_and_said_nothing_yet_is_served_at_a_stop(make_product, authority):
    service = make_product()
    service.stop()
    service.start(keep=True)
    hosted(service, authority)
    context = ssl.create_default_context(cafile=str(authority.cert))
    silent = [socket.create_connection(("127.0.0.1", service.ports["tls"]), timeout=DEADLINE) for _ in range(8)]
    for _ in range(8):  # whoever accepts these has accepted those before
        assert service.fetch(HOST, ca=authority.cert)[0] == 200
    service.process.send_signal(signal.SIGTERM)
    answers = []

    def ask(raw):
        with raw, context.wrap_socket(raw, server_hostname=HOST) as tls:
            tls.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            answers.append(tls.recv(12))

    threads = [threading.Thread(target=ask, args=[raw]) for raw in silent]
    for thread in threads:
        thread.start()
    service.process.wait(DEADLINE)  # a second signal would end it at once
    stored, service.stored = service.stored, []
    service.start(passed=stored, keep=True)
    for thread in threads:
        thread.join(DEADLINE)
    assert answers == [b"HTTP/1.1 200"] * len(silent)
    service.stop()
    close(stored + service.stored)


@pytest.fixture
def behind(make_product, tmp_path):
    """A service for a web server in front and a mail server beside, by Unix sockets, whose manager stores descriptors."""
    places = {name: tmp_path / f"{name}.sock" for name in ("behind", "lmtp")}
    listen = "".join(f"{name} = unix:{path}\n" for name, path in places.items())
    service = make_product("[proxy]\ntrusted = unix\n", text=CONFIG.replace("[service]", listen + "[service]"))
    service.run("domain", "add", DOMAIN, "--way", "txt", "--mx", "mx." + DOMAIN, check=0)
    service.run("domain", "set", DOMAIN, "--hosting", "behind", check=0)
    service.stop()
    service.places = places
    yield service.start(keep=True)
    service.stop()
    close(service.stored)


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(DEADLINE)
    s.connect(str(path))
    return s


def ask(service, s=None):
    """The first line of an answer, as the web server in front gets it."""
    with s or connect(service.places["behind"]) as s:
        s.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n".encode())
        return s.makefile("rb").readline()


def restart(service, between=lambda: None):
    service.stop()
    between()
    stored, service.stored = service.stored, []
    service.start(passed=stored, keep=True)
    close(stored)


def test_unix_sockets_wait_through_a_restart(behind):
    """Who connects while nobody is there is answered, by each of them."""
    waiting = {}
    inodes = {name: path.stat().st_ino for name, path in behind.places.items()}
    for _ in range(2):
        restart(behind, lambda: waiting.update({name: connect(path) for name, path in behind.places.items()}))
        assert ask(behind, waiting["behind"]).startswith(b"HTTP/1.1 200")
        with waiting["lmtp"] as s:
            assert s.recv(4) == b"220 "
        assert ask(behind).startswith(b"HTTP/1.1 200")
    assert {name: path.stat().st_ino for name, path in behind.places.items()} == inodes


@pytest.mark.parametrize("how", ["removed", "moved", "stale"])
def test_a_path_that_leads_elsewhere_gets_a_new_socket(behind, how):
    """A kept listener that nobody could find any more is of no use."""
    path = behind.places["behind"]

    def between():
        if how == "moved":
            path.rename(path.with_suffix(".aside"))
        else:
            path.unlink()
        if how == "stale":
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(str(path))
                other.listen()

    restart(behind, between)
    assert ask(behind).startswith(b"HTTP/1.1 200")


def test_a_path_that_somebody_else_took_is_said(behind):
    path = behind.places["behind"]
    with socket.socket(socket.AF_UNIX) as other:

        def between():
            path.unlink()
            other.bind(str(path))
            other.listen()

        restart(behind, between)
        assert f"unix:{path}: taken by python3 (process {os.getpid()})" in behind.log_text()


def test_a_listener_that_is_not_configured_any_more_is_let_go(make_product):
    service = make_product()
    service.stop()
    service.start(keep=True)
    before = service.ports["http"]
    config = service.folder / "mxseal.conf"
    after = free_port()
    config.write_text(config.read_text().replace(f":{before}\n", f":{after}\n"))
    service.stop()
    stored, service.stored = service.stored, []
    service.start(passed=stored, keep=True)
    close(stored)
    with socket.create_connection(("127.0.0.1", after), timeout=DEADLINE):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", before), timeout=DEADLINE)
    service.stop()
    close(service.stored)


def test_sockets_of_units_take_the_place_of_the_addresses(make_product, authority):
    """FileDescriptorName=tls and http, as the socket units have them."""
    service = make_product()
    service.stop()
    with socket.create_server(("127.0.0.1", 0)) as tls, socket.create_server(("127.0.0.1", 0)) as http:
        service.start(passed=[("tls", tls.fileno()), ("http", http.fileno())], keep=True)
        hosted(service, authority)
        assert service.fetch(HOST, ca=authority.cert, port=tls.getsockname()[1])[0] == 200
        for name in ("tls", "http"):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", service.ports[name]), timeout=DEADLINE)
        with socket.create_connection(http.getsockname(), timeout=DEADLINE) as plain:
            plain.sendall(b"GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: a.example\r\n\r\n")
            assert plain.recv(100).startswith(b"HTTP/1.1 404")
        service.stop()
        close(service.stored)
