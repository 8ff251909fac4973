"""Deadlines, caps, changes and deaths: an edge keeps serving honest clients."""
import contextlib
import os
import select
import selectors
import signal
import socket
import ssl
import struct
import threading
import time

from conftest import DEADLINE, EXACT, LONG, SECOND, eventually

HOST = "mta-sts.acme.example"
GET = f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
HEAD_S, TOTAL_S = 5, 10  # design.md: to the end of the head, and overall
SLACK_S = 3 if EXACT else 15  # for a busy machine; nothing waits for it, and less than a deadline begun anew takes


def add_acme(service):
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)


def plain(service):
    return socket.create_connection(("127.0.0.1", service.ports["tls"]), timeout=DEADLINE)


def secure(service):
    context = ssl.create_default_context(cafile=str(service.state / "demo-ca.pem"))
    return context.wrap_socket(plain(service), server_hostname=HOST)


def served(service):
    with contextlib.suppress(OSError):
        return service.fetch(HOST)[0] == 200
    return False


def ends(sockets, seconds, began=None):
    """When each connection ended, in seconds from now or from began; those still open by then are left out."""
    began, when = began or time.monotonic(), {}
    with selectors.DefaultSelector() as waiting:
        for name, sock in sockets.items():
            sock.setblocking(False)
            waiting.register(sock, selectors.EVENT_READ, name)
        while len(when) < len(sockets) and time.monotonic() - began < seconds:
            for key, _ in waiting.select(0.2):
                with contextlib.suppress(ssl.SSLWantReadError, BlockingIOError):
                    try:
                        over = not key.fileobj.recv(65536)
                    except (ConnectionResetError, ssl.SSLError) as e:
                        over = not isinstance(e, ssl.SSLWantReadError)
                    if over:
                        when[key.data] = time.monotonic() - began
                        waiting.unregister(key.fileobj)
    return when


def dribble(sock, data, stop):
    """One byte a second, then nothing; an answer in between is read elsewhere."""
    for byte in data:
        if stop.wait(1):
            return
        with contextlib.suppress(OSError):
            sock.send(bytes([byte]))


def repeat(sock, stop):
    """A whole request every two seconds, so that only the overall deadline can end it."""
    while not stop.wait(2):
        with contextlib.suppress(OSError):
            sock.send(GET)


def test_deadlines(demo):
    """STS-51: five seconds to the end of a head, ten in all, whatever is sent meanwhile."""
    add_acme(demo)
    began, stop = time.monotonic(), threading.Event()
    sockets = {"silent": plain(demo), "half-hello": plain(demo), "tls-idle": secure(demo),
               "half-head": secure(demo), "slow-hello": plain(demo), "slow-head": secure(demo),
               "busy": secure(demo)}
    sockets["half-hello"].sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    sockets["half-head"].sendall(GET[:20])
    sockets["busy"].sendall(GET)
    jobs = [threading.Thread(target=dribble, args=(sockets["slow-hello"], b"\x16\x03\x01" * 9, stop)),
            threading.Thread(target=dribble, args=(sockets["slow-head"], GET[:30], stop)),
            threading.Thread(target=repeat, args=(sockets["busy"], stop))]
    for job in jobs:
        job.start()
    when = ends(sockets, TOTAL_S + SLACK_S, began)
    stop.set()
    for job in jobs:
        job.join()
    for sock in sockets.values():
        sock.close()
    assert when.keys() == sockets.keys(), "all have ended"
    busy = when.pop("busy")
    assert TOTAL_S - 1 < busy < TOTAL_S + SLACK_S, busy
    assert all(HEAD_S - 1 < t < HEAD_S + SLACK_S for t in when.values()), when


def test_one_address_cannot_fill_it(demo):
    """STS-50: beyond the cap the address's oldest idle connection goes, and honest fetches are served."""
    add_acme(demo)
    edges = sum(role == "edge" for role in demo.children().values())
    held = [plain(demo) for _ in range(256 * edges + 200)]
    for _ in range(20):
        assert served(demo)
    gone = ends(dict(enumerate(held)), HEAD_S - 2)
    assert len(gone) >= 200, "the oldest were closed long before their deadline"
    for sock in held:
        sock.close()


def test_a_change_within_a_second(demo):
    """STS-86: once any connection shows the new text, a second later none shows the old one."""
    add_acme(demo)
    before = demo.children()
    seen, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            seen.append((time.monotonic(), b"mx2.acme.example" in demo.fetch(HOST)[2]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    eventually(lambda: seen)
    demo.run("policy", "set", "acme.example", "--add-mx", "mx2.acme.example", check=0)
    for _ in range(20):
        assert b"mx2.acme.example" in demo.fetch(HOST)[2], "served everywhere when the command returns"
    stop.set()
    watcher.join()
    new = [at for at, is_new in seen if is_new]
    old = [at for at, is_new in seen if not is_new]
    assert new and old and max(old) - min(new) < SECOND
    assert demo.children() == before, "without restart"


def test_edges_are_killed(demo):
    """kill -9 of one edge and of all: served again within a second, by the others or the next."""
    add_acme(demo)
    for all_at_once in (False, True):
        edges = [pid for pid, role in demo.children().items() if role == "edge"]
        for pid in edges if all_at_once else edges[:1]:
            os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        eventually(lambda: served(demo), seconds=SECOND)
        assert time.monotonic() - began < SECOND
        eventually(lambda: sum(r == "edge" for p, r in demo.children().items() if p not in edges or
                               not all_at_once) >= len(edges))
    for _ in range(20):
        assert served(demo)


def test_served_without_desk_and_intake(demo):
    """Policies are the last thing to die: desk and intake held down change nothing for senders."""
    add_acme(demo)
    others = [pid for pid, role in demo.children().items() if role in ("desk", "intake")]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(50):
            assert served(demo)
    finally:
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_served_without_its_database(demo):
    """edge.db out of sight: known names are served from memory."""
    add_acme(demo)
    assert served(demo)
    folder = demo.state / "edge"
    for _ in range(20):
        served(demo)  # so that every edge has the certificate in its cache
    folder.rename(demo.state / "away")
    began = time.monotonic()
    while time.monotonic() - began < 2:  # longer than it takes to look again
        assert served(demo)
    (demo.state / "away").rename(folder)


def test_a_term_lets_requests_end(demo):
    """SIGTERM: edges without work end, and a request that is under way is still answered."""
    add_acme(demo)
    with secure(demo) as tls:
        tls.sendall(GET[:-2])
        demo.process.send_signal(signal.SIGTERM)
        eventually(lambda: sum(role == "edge" for role in demo.children().values()) <= 1)
        tls.sendall(GET[-2:])
        assert b"version: STSv1\r\n" in tls.recv(65536)
    demo.process.wait(DEADLINE)


def test_a_hello_in_pieces(demo):
    """A ClientHello that comes byte by byte is a ClientHello; one that ends in the middle ends the connection at once."""
    add_acme(demo)
    context = ssl.create_default_context(cafile=str(demo.state / "demo-ca.pem"))
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(coming, going, server_hostname=HOST)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = going.read()
    with plain(demo) as sock:
        for byte in hello:
            sock.sendall(bytes([byte]))
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                break
            coming.write(sock.recv(65536))
        assert tls.version() == "TLSv1.3"
    with plain(demo) as silent, plain(demo) as half:
        half.sendall(hello[:-1])
        half.shutdown(socket.SHUT_WR)
        assert ends({"half": half}, HEAD_S + SLACK_S)
        assert not select.select([silent], [], [], 0)[0], "it ended before the deadline of one that came before"


def first_flight(host):
    """A ClientHello that asks for host."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(into, out, server_hostname=host).do_handshake()
    return out.read()


def answered_at(sock):
    """When its last data came, in milliseconds of this machine's clock, by tcp_info."""
    ago, = struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 52)
    return time.monotonic() * 1000 - ago


def test_a_crowd_of_handshakes(make_demo):
    """STS-51: who comes alone does not wait behind the handshakes of addresses with very many connections."""
    demo = make_demo("--edges", "1")
    add_acme(demo)
    address = lambda n: (f"127.0.1.{n % 4 + 1}" if n < 300 else "127.0.2.1", 0)
    crowd = [socket.create_connection(("127.0.0.1", demo.ports["tls"]), timeout=DEADLINE, source_address=address(n))
             for n in range(301)]
    edge, = [pid for pid, role in demo.children().items() if role == "edge"]
    hello = first_flight(HOST)
    os.kill(edge, signal.SIGSTOP)
    for sock in crowd:
        sock.sendall(hello)
    os.kill(edge, signal.SIGCONT)
    assert all(select.select([sock], [], [], DEADLINE)[0] and sock.recv(1, socket.MSG_PEEK) for sock in crowd)
    *others, alone = [answered_at(sock) for sock in crowd]
    assert sum(at < alone for at in others) < 150, "half of those before it in the queue"
    for sock in crowd:
        sock.close()


def test_hostile_clients(demo):
    """STS-51: a crowd of idle, half-hello, TLS-idle and half-header connections costs no honest fetch; then it is gone."""
    add_acme(demo)
    context = ssl.create_default_context(cafile=str(demo.state / "demo-ca.pem"))
    rows = {"idle": b"", "half-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "tls-idle": None, "half-head": GET[:30]}
    crowd = {}
    began = time.monotonic()
    for kind, first in rows.items():
        for n in range((600 if LONG else 200) if kind in ("idle", "half-hello") else 30):
            sock = socket.create_connection(("127.0.0.1", demo.ports["tls"]), timeout=DEADLINE, source_address=(f"127.0.1.{n % 16 + 1}", 0))
            if kind in ("tls-idle", "half-head"):
                sock = context.wrap_socket(sock, server_hostname=HOST)
            if first:
                sock.sendall(first)
            crowd[kind, n] = sock
            if n % 20 == 0:
                assert demo.fetch(HOST)[0] == 200, (kind, n)
    for _ in range(20):
        assert demo.fetch(HOST)[0] == 200
    gone = ends(crowd, TOTAL_S + SLACK_S)
    assert gone.keys() == crowd.keys() and time.monotonic() - began > HEAD_S - 1
    for sock in crowd.values():
        sock.close()
    assert demo.fetch(HOST)[0] == 200
