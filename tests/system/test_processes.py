"""The parent's work: a new configuration, duties that hang, and whom the command line trusts."""
import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import pytest

from conftest import BIN, CONFIG, DEADLINE, Service, eventually, free_port

DOMAIN = "reload.example"


def address(service):
    """The policy host's record; None while desk is on its way back."""
    done = service.run("records", DOMAIN, "--json")
    return json.loads(done.stdout)["records"][0]["value"] if done.returncode == 0 else None


def test_a_new_configuration(make_product, authority):
    """SIGHUP: it is taken over without a gap; one with an error is refused and the old one stays."""
    service = make_product(text=CONFIG.replace("[report]", "addresses = 192.0.2.1\n[report]"))
    service.run("domain", "add", DOMAIN, "--way", "txt", "--mx", "mx." + DOMAIN, check=0)
    service.run("cert", "import", authority.issue("mta-sts." + DOMAIN), check=0)
    assert address(service) == "192.0.2.1"
    config, parent = service.folder / "mxseal.conf", service.process.pid
    good = config.read_text().replace("192.0.2.1", "192.0.2.2")
    for text, said in ((good, "configuration read"),
                       (good.replace("addresses = 192.0.2.2", "adresses = 192.0.2.3"), "configuration refused, the old one stays")):
        config.write_text(text)
        service.process.send_signal(signal.SIGHUP)
        eventually(lambda: said in service.log_text())
        eventually(lambda: address(service) == "192.0.2.2")
        assert service.fetch("mta-sts." + DOMAIN, ca=authority.cert)[0] == 200
    assert "adresses" in service.log_text() and "did you mean [service] addresses?" in service.log_text()
    config.write_text(good.replace("addresses = 192.0.2.2", "addresses = here"))
    service.process.send_signal(signal.SIGHUP)
    eventually(lambda: "man mxseal.conf says what each setting takes" in service.log_text())
    assert service.process.pid == parent and service.process.poll() is None


def test_is_it_ready(demo):
    """Ready means that policies can be served: by so many edges."""
    with urllib.request.urlopen(f"http://127.0.0.1:{demo.ports['admin']}/readyz", timeout=DEADLINE) as answer:
        told = json.loads(answer.read())
    assert told == {"status": "ready", "edges": list(demo.children().values()).count("edge")}


def test_the_end_of_a_demonstration_that_is_fed(make_demo):
    """desk ends while intake owes it an answer, before the parent finds that it does not answer."""
    demo = make_demo(full=True)
    pids = {role: pid for pid, role in demo.children().items()}
    os.kill(pids["intake"], signal.SIGSTOP)
    os.kill(pids["desk"], signal.SIGTERM)
    eventually(lambda: pids["desk"] not in demo.children())
    assert not [line for line in demo.log_text().splitlines() if "does not answer" in line and "desk" in line]


def status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")
def test_privileges_are_given_up(authority):
    """[server] user: nothing goes on as root, no process with keys is open to others of that user, and all works."""
    nobody = pwd.getpwnam("nobody")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-user-"))
    folder.chmod(0o755)
    ports = {name: free_port() for name in ("tls", "http", "admin")}
    config = folder / "mxseal.conf"
    config.write_text(CONFIG.replace("[listen]", "user = nobody\n[listen]").format(state=folder / "state", **ports))
    service = Service(folder, ["--config", config], ports).start()
    try:
        assert (folder / "state").stat().st_uid == nobody.pw_uid
        for pid in (service.process.pid, *service.children()):
            seen = status(pid)
            assert seen["Uid"].split() == [str(nobody.pw_uid)] * 4 and seen["Gid"].split() == [str(nobody.pw_gid)] * 4
            assert not int(seen["CapPrm"], 16) | int(seen["CapEff"], 16) | int(seen["CapInh"], 16), seen
            assert set(seen["Groups"].split()) <= {str(nobody.pw_gid)}
            # A process that others may look into is its user's; one that has just been started closes itself first.
            eventually(lambda pid=pid: os.stat(f"/proc/{pid}/environ").st_uid == 0)
        service.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
        service.run("cert", "import", authority.issue("mta-sts." + DOMAIN), check=0)
        assert service.run("ingest", stdin=b"Subject: none\r\n\r\nx\r\n").returncode == 0
        for pid, role in service.children().items():
            if role == "edge":
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: served(service, authority))
    finally:
        service.stop()
        shutil.rmtree(folder)


def served(service, authority):
    with contextlib.suppress(OSError):
        return service.fetch("mta-sts." + DOMAIN, ca=authority.cert)[0] == 200


def ended(sock):
    """Whether the peer has closed it."""
    with contextlib.suppress(BlockingIOError):
        return sock.recv(65536, socket.MSG_DONTWAIT) == b""
    return False


def test_what_hangs_is_ended(demo):
    """A duty that gives no sign of life is replaced; so is a client of the dashboard that does not end its head."""
    demo.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
    before = demo.children()
    hung = {role: pid for pid, role in before.items() if role in ("edge", "intake")}
    began = time.monotonic()
    slow = socket.create_connection(("127.0.0.1", demo.ports["admin"]))
    slow.sendall(b"GET / HTTP/1.1\r\nHost: 127")
    for pid in hung.values():
        os.kill(pid, signal.SIGSTOP)
    eventually(lambda: not set(hung.values()) & demo.children().keys())
    eventually(lambda: sorted(demo.children().values()) == sorted(before.values()))
    assert demo.fetch("mta-sts." + DOMAIN)[0] == 200
    eventually(lambda: ended(slow))
    assert time.monotonic() - began > 8, "ten seconds are allowed"
    slow.close()


def test_a_stranger_behind_the_socket(tmp_path):
    """The command line tells nothing to a socket of somebody who is neither root, itself nor the directory's owner."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    tmp_path.chmod(0o755)
    path = tmp_path / "control.sock"
    script = ("import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.setuid(65534);"
              "s.listen(); print(flush=True); c = s.accept()[0]; print(len(c.recv(100)), flush=True)")
    with subprocess.Popen(["/usr/bin/python3", "-c", script, path], stdout=subprocess.PIPE, text=True) as stranger:
        stranger.stdout.readline()
        done = subprocess.run([BIN, "login", "--state", tmp_path], capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert done.returncode == 4 and "stranger" in done.stderr and "\nfix: " in done.stderr
        assert stranger.stdout.readline() == "0\n", "nothing was sent"
