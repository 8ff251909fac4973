"""Sockets from the service manager: those of socket units, and those that wait through a restart."""
import os
import signal
import socket
import ssl
import threading

import pytest

from conftest import DEADLINE, eventually, free_port

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
