"""The service zone over the wire: kdig and dig ask, raw sockets do what those would not."""
import contextlib
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import time

import pytest

import customers
from conftest import DEADLINE, SECOND, eventually

pytestmark = pytest.mark.skipif(not shutil.which("kdig") or not shutil.which("dig"),
                                reason="needs kdig and dig")

ZONE = "sts.mxseal.example"
QUERY_S = 5  # design.md: to the end of a query
SLACK_S = 3 * SECOND  # nothing waits for it
TYPES = {"A": 1, "NS": 2, "SOA": 6, "TXT": 16}

def ask(service, name, kind, *options):
    """The rdata of the answer section, as kdig prints it."""
    done = subprocess.run(["kdig", "+short", "+timeout=20", "+retry=2", "-p", str(service.ports["dns"]),
                           "@127.0.0.1", name, kind, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def targets(service, domain):
    """The names in the zone that the domain's CNAMEs lead to."""
    return {r["purpose"]: r["value"].rstrip(".") for r in service.json("records", domain)["records"]}


def wire(name, kind="TXT", ident=0x1234, flags=0x0100):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x)
    return struct.pack("!HHHHHH", ident, flags, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, TYPES[kind], 1)


def datagram(service, message, seconds=DEADLINE):
    """The answer to one datagram, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(seconds)
        s.sendto(message, ("127.0.0.1", service.ports["dns"]))
        with contextlib.suppress(socket.timeout):
            return s.recv(65535)


def connect(service):
    return socket.create_connection(("127.0.0.1", service.ports["dns"]), timeout=DEADLINE)


def framed(message):
    return struct.pack("!H", len(message)) + message


def receive(sock, count):
    """So many framed messages."""
    data, out = b"", []
    while len(out) < count:
        chunk = sock.recv(65536)
        if not chunk:
            break
        data += chunk
        while len(data) >= 2 and len(data) >= 2 + struct.unpack("!H", data[:2])[0]:
            size = struct.unpack("!H", data[:2])[0]
            out.append(data[2:2 + size])
            data = data[2 + size:]
    return out


def serial(service, zone=ZONE):
    return int(ask(service, zone, "SOA")[0].split()[2])


@pytest.fixture(scope="module")
def demo(shared_demo):
    return shared_demo


def test_a_domain_is_answered(demo):
    """DNS-05 DNS-11: the three targets follow the domain, over both transports, and the serial grows."""
    before = serial(demo)
    demo.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)
    at = targets(demo, "acme.example")
    policy_id = demo.json("policy", "show", "acme.example")["id"]
    assert ask(demo, at["policy-host"], "A") == ["127.0.0.1"]
    assert ask(demo, at["policy-host"], "A", "+tcp") == ["127.0.0.1"]
    assert eventually(lambda: ask(demo, at["policy-id"], "TXT")) == [f'"v=STSv1; id={policy_id};"']
    assert ask(demo, at["reports"], "TXT")[0].startswith('"v=TLSRPTv1; rua=mailto:r-')
    assert serial(demo) > before
    changed = demo.json("policy", "set", "acme.example", "--add-mx", "mx2.acme.example")
    wanted = [f'"v=STSv1; id={demo.json("policy", "show", "acme.example")["id"]};"']
    assert wanted != [f'"v=STSv1; id={policy_id};"'], changed
    eventually(lambda: all(ask(demo, at["policy-id"], "TXT") == wanted for _ in range(20)))
    demo.run("domain", "remove", "acme.example", "--now", "--yes", check=0)
    eventually(lambda: all(not ask(demo, name, kind) for name in at.values() for kind in ("A", "TXT")))
    demo.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)
    assert not set(at.values()) & set(targets(demo, "acme.example").values()), "old claims answer for nobody"


def test_every_way_of_asking(demo):
    """DNS-05: dig and kdig with what they can do, none of it with a complaint."""
    demo.run("domain", "add", "asked.example", "--mx", "mx.asked.example", check=0)
    name = targets(demo, "asked.example")["policy-host"]
    for tool in ("dig", "kdig"):
        for options in ([], ["+tcp"], ["+noedns"], ["+dnssec"], ["+bufsize=512"], ["+edns=0", "+nsid"]):
            done = subprocess.run([tool, "-p", str(demo.ports["dns"]), "@127.0.0.1", name, "A", "+norec",
                                   *options], capture_output=True, text=True)
            said = done.stdout + done.stderr
            assert done.returncode == 0 and "127.0.0.1" in done.stdout, said
            assert not re.search(r"warning|malformed|\berror|\bbad", said, re.I), said
            assert re.search(r"flags: qr aa;", said, re.I), said
    for options, status in ((["+edns=1", "+noednsneg"], "BADVERS"), (["-c", "CH"], "REFUSED"),
                            (["+opcode=2"], "NOTIMP"), (["+opcode=5"], "NOTIMP")):
        said = subprocess.run(["dig", "-p", str(demo.ports["dns"]), "@127.0.0.1", name, "A", *options],
                              capture_output=True, text=True).stdout
        assert f"status: {status}" in said, said
    mixed = "".join(c.upper() if i % 2 else c for i, c in enumerate(name))
    assert mixed in subprocess.run(["dig", "-p", str(demo.ports["dns"]), "@127.0.0.1", mixed, "A",
                                    "+noall", "+answer"], capture_output=True, text=True).stdout


def test_silence_and_refusals(demo):
    """Responses get no answer, rubbish a FORMERR, other zones a REFUSED, and it goes on."""
    question = wire(ZONE, "SOA")
    response = question[:2] + b"\x81\x00" + question[4:]
    assert datagram(demo, response, 0.5) is None
    assert datagram(demo, question[:11], 0.5) is None
    assert datagram(demo, question[:-1])[3] & 15 == 1
    assert datagram(demo, question + b"x")[3] & 15 == 1
    assert datagram(demo, wire("example.com", "A"))[3] & 15 == 5
    answer = datagram(demo, question)
    assert answer[:2] == question[:2] and answer[2] & 0x84 == 0x84
    with connect(demo) as tcp:
        tcp.sendall(framed(response))
        assert tcp.recv(100) == b"", "a response ends the connection"


def test_pipelining(demo):
    """DNS-05: queries sent ahead by TCP are answered all, in their order, in one piece or byte by byte."""
    count = 2000
    with connect(demo) as tcp:
        data = b"".join(framed(wire(ZONE, "NS", ident)) for ident in range(count))
        sent, got = 0, b""
        tcp.setblocking(False)
        while sent < len(data):
            _, writable, _ = select.select([], [tcp], [], 0.2)
            if not writable:
                break  # it waits for us to read what it answered
            sent += tcp.send(data[sent:sent + 65536])
        tcp.setblocking(True)
        tcp.settimeout(DEADLINE)
        answers = []
        while len(answers) < count:
            if sent < len(data):
                tcp.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    sent += tcp.send(data[sent:])
                tcp.setblocking(True)
                tcp.settimeout(DEADLINE)
            got += tcp.recv(65536)
            while len(got) >= 2 and len(got) >= 2 + struct.unpack("!H", got[:2])[0]:
                size = struct.unpack("!H", got[:2])[0]
                answers.append(struct.unpack("!H", got[2:4])[0])
                got = got[2 + size:]
        assert answers == list(range(count))
    with connect(demo) as tcp:
        for byte in framed(wire(ZONE, "SOA", 7)):
            tcp.sendall(bytes([byte]))
        assert receive(tcp, 1)[0][:2] == b"\0\7"
        tcp.sendall(framed(wire(ZONE, "SOA", 8)))
        tcp.shutdown(socket.SHUT_WR)
        assert receive(tcp, 1)[0][:2] == b"\0\x08"
        assert tcp.recv(10) == b""


def test_deadlines_and_caps(demo):
    """Who asks nothing is gone after five seconds, and one address does not fill the server."""
    edges = sum(role == "edge" for role in demo.children().values())
    began = time.monotonic()
    with connect(demo) as silent, connect(demo) as half:
        half.sendall(framed(wire(ZONE, "SOA"))[:9])
        for sock in (silent, half):
            assert sock.recv(10) == b""
            assert QUERY_S - 1 < time.monotonic() - began < QUERY_S + SLACK_S
    held = [connect(demo) for _ in range(32 * edges + 40)]
    with connect(demo) as tcp:
        tcp.sendall(framed(wire(ZONE, "SOA")))
        assert receive(tcp, 1)
    # The oldest idle ones gave way.
    eventually(lambda: len(select.select(held, [], [], 0)[0]) >= 40 - edges)
    for sock in held:
        sock.close()


def test_edges_are_killed(demo):
    """kill -9 of all edges: names are answered again within a second."""
    for pid, role in demo.children().items():
        if role == "edge":
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: datagram(demo, wire(ZONE, "SOA"), 0.1), seconds=SECOND)


def test_served_without_desk(demo):
    """Desk held down changes nothing for resolvers."""
    desk = next(pid for pid, role in demo.children().items() if role == "desk")
    os.kill(desk, signal.SIGSTOP)
    try:
        assert ask(demo, ZONE, "NS") == [f"ns1.{ZONE}."]
    finally:
        os.kill(desk, signal.SIGCONT)


def flood(service, count):
    """What comes back for so many equal questions sent at once: whole answers, truncated ones."""
    whole = cut = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.5)
        s.connect(("127.0.0.1", service.ports["dns"]))
        for _ in range(count):
            s.send(wire(ZONE, "SOA"))
        eventually(lambda: not customers.unread("127.0.0.1", service.ports["dns"]))
        with contextlib.suppress(socket.timeout):
            while True:
                answer = s.recv(65535)
                whole, cut = (whole, cut + 1) if answer[2] & 2 else (whole + 1, cut)
    return whole, cut


def test_rate_limit(make_demo):
    """Answers to one network are limited, a truncated one in between shows the way to TCP; off is off."""
    limited = make_demo_with(make_demo, "limited", "10")
    began = time.monotonic()
    whole, cut = flood(limited, 100)
    allowed = 30 + 10 * (time.monotonic() - began)
    assert 10 <= whole <= allowed and 20 <= cut <= 50, (whole, cut)
    assert ask(limited, ZONE, "SOA", "+tcp"), "TCP is not limited"
    free = make_demo_with(make_demo, "free", "off")
    assert flood(free, 100) == (100, 0)


def make_demo_with(make_demo, name, rate):
    os.environ["MXSEAL_SERVICE__DNS_RATE"] = rate
    try:
        return make_demo(name=name)
    finally:
        del os.environ["MXSEAL_SERVICE__DNS_RATE"]


@customers.needs_internet
def test_no_id_before_its_text(make_product, authority, tmp_path):
    """STS-86: the product's zone has the address at once, the id only when the text is served everywhere."""
    zone = customers.Knot(tmp_path / "zone")
    service = customers.product(make_product, zone, authority.cert)
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)
    at = targets(service, "acme.example")
    assert ask(service, at["policy-host"], "A") == [service.address]
    assert not ask(service, at["policy-id"], "TXT")
    customers.delegate(zone, service, "acme.example")
    service.run("cert", "import", authority.issue("mta-sts.acme.example"), check=0)
    answer = eventually(lambda: ask(service, at["policy-id"], "TXT"))
    shown = service.json("policy", "show", "acme.example")
    assert answer == [f'"v=STSv1; id={shown["id"]};"'] and shown["state"] == "announced"
    zone.stop()


def test_nothing_is_opened_without_the_setting(make_product):
    """A product without [listen] dns has no DNS socket at all."""
    service = make_product()
    inodes = set()
    for pid in [service.process.pid, *service.children()]:
        done = subprocess.run(["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True)
        inodes |= set(re.findall(r"socket:\[(\d+)\]", done.stdout))
    with open("/proc/net/udp") as table:
        assert not inodes & {line.split()[9] for line in table.readlines()[1:]}
