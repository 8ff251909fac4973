"""What senders, browsers and curious people get from the policy host."""
import contextlib
import socket
import ssl
import subprocess

import pytest

from conftest import DEADLINE, Authority, Service, demo_ports, free_port_base

PATH = "/.well-known/mta-sts.txt"
HOST = "mta-sts.acme.example"
TEXT = "version: STSv1\r\nmode: testing\r\nmx: mx.acme.example\r\nmax_age: 86400\r\n"


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    """A demonstration with two domains, shared by the tests of this file; nothing changes it."""
    base = free_port_base()
    folder = tmp_path_factory.mktemp("edge")
    service = Service(folder, ["--demo", "--empty", "--state", folder / "state", "--port-base", base],
                      demo_ports(base)).start()
    for domain in ("acme.example", "bank.example"):
        service.run("domain", "add", domain, "--mx", f"mx.{domain}", check=0)
    yield service
    service.stop()


def context(service, **kw):
    made = ssl.create_default_context(cafile=str(kw.pop("ca", service.state / "demo-ca.pem")))
    for name, value in kw.items():
        setattr(made, name, value)
    return made


@contextlib.contextmanager
def connected(service, host=HOST, **kw):
    with socket.create_connection(("127.0.0.1", service.ports["tls"]), timeout=DEADLINE) as raw, \
            context(service, **kw).wrap_socket(raw, server_hostname=host) as tls:
        yield tls


def receive(sock):
    data = b""
    with contextlib.suppress(ssl.SSLEOFError):
        while chunk := sock.recv(65536):
            data += chunk
    return data


def ask(service, request, host=HOST):
    """The raw answer to one raw request, read to the end of the connection."""
    with connected(service, host) as tls:
        tls.sendall(request if isinstance(request, bytes) else request.encode())
        return receive(tls)


def request(method="GET", path=PATH, host=HOST, extra=""):
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{extra}Connection: close\r\n\r\n"


def parts(answer):
    head, _, body = answer.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return int(first.split()[1]), {k.lower(): v for k, v in (x.split(": ", 1) for x in lines)}, body


def curl(service, *args, host=HOST, path=PATH):
    port = service.ports["tls"]
    return subprocess.run(["curl", "-sS", "--max-time", str(DEADLINE), "--cacert", service.state / "demo-ca.pem",
                           "--resolve", f"{host}:{port}:127.0.0.1", *args, f"https://{host}:{port}{path}"],
                          capture_output=True, text=True)


def s_client(service, *args, stdin=""):
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{service.ports['tls']}",
                           "-CAfile", service.state / "demo-ca.pem", *args],
                          input=stdin, capture_output=True, text=True, timeout=DEADLINE)


def test_a_policy_and_its_headers(edge):
    """STS-20 STS-36 STS-46 STS-54 STS-90 STS-98: as interface.md has it, and nothing more."""
    status, headers, body = parts(ask(edge, request()))
    assert status == 200 and body == TEXT
    assert headers.pop("etag")[0] == '"' and headers.pop("date").endswith(" GMT")
    assert headers == {"content-type": "text/plain", "content-length": str(len(TEXT)),
                       "cache-control": "max-age=60, must-revalidate", "connection": "close"}
    same = parts(ask(edge, request(extra="Accept-Encoding: gzip, br\r\n")))
    assert same[0] == 200 and same[2] == TEXT and "content-encoding" not in same[1]


def test_head_is_get_without_body(edge):
    """STS-98: HEAD."""
    get, head = parts(ask(edge, request())), parts(ask(edge, request("HEAD")))
    get[1].pop("date"), head[1].pop("date")
    assert head[:2] == get[:2] and head[2] == ""


def test_a_cache_may_ask_again(edge):
    """STS-48: senders do not; a proxy that revalidates gets 304 for what it has only."""
    tag = parts(ask(edge, request()))[1]["etag"]
    status, headers, body = parts(ask(edge, request(extra=f"If-None-Match: {tag}\r\n")))
    assert (status, headers["etag"], body) == (304, tag, "")
    assert parts(ask(edge, request(extra='If-None-Match: "other"\r\n')))[0] == 200


@pytest.mark.parametrize("method, path, host, status", [
    ("GET", PATH + "?q=1", HOST, 200),
    ("GET", PATH, HOST.upper() + ".:8443", 200),
    ("GET", "/", HOST, 404),
    ("GET", PATH + "/", HOST, 404),
    ("GET", "/.well-known/MTA-STS.TXT", HOST, 404),
    ("GET", "/.well-known/mta%2Dsts.txt", HOST, 404),
    ("GET", "/x/.." + PATH, HOST, 404),
    ("POST", "/", HOST, 404),
    ("POST", PATH, HOST, 405),
    ("PUT", PATH, HOST, 405),
    ("OPTIONS", PATH, HOST, 405),
    ("GET", PATH, "mta-sts.bank.example", 421),
    ("GET", PATH, "acme.example", 421),
    ("GET", PATH, "127.0.0.1", 421),
])
def test_requests(edge, method, path, host, status):
    """STS-45 STS-47 STS-98: the exact path and host by GET; all else is one line of plain text."""
    got, headers, body = parts(ask(edge, request(method, path, host)))
    assert got == status
    assert "location" not in headers and "set-cookie" not in headers
    if status != 200:
        assert body.count("\n") == 1 and headers["cache-control"] == "no-store"
        assert headers["content-type"] == "text/plain"
        assert headers.get("allow") == ("GET, HEAD" if status == 405 else None)


@pytest.mark.parametrize("host, reason", [
    ("mta-sts.unknown.example", "UNRECOGNIZED_NAME"),
    ("acme.example", "UNRECOGNIZED_NAME"),
    ("127.0.0.1", "UNRECOGNIZED_NAME"),
    (None, "UNRECOGNIZED_NAME"),
])
def test_other_names_end_the_handshake(edge, host, reason):
    """STS-44 STS-45: an alert, never another tenant's certificate or a default one."""
    with pytest.raises(ssl.SSLError) as seen:
        with connected(edge, host, check_hostname=False, verify_mode=ssl.CERT_NONE):
            pass
    assert reason in seen.value.reason


@pytest.mark.parametrize("domain", ["acme.example", "bank.example"])
def test_each_name_has_its_own_certificate(edge, domain):
    """STS-40 STS-41 STS-45: two domains at one address."""
    with connected(edge, f"mta-sts.{domain}") as tls:
        assert tls.getpeercert()["subjectAltName"] == (("DNS", f"mta-sts.{domain}"),)


def test_versions_and_keys(make_product, authority):
    """STS-40 STS-59: TLS 1.2 and 1.3, P-256 and RSA, with an imported certificate."""
    service = make_product()
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)
    for kind in ("ECDHE-ECDSA-", "ECDHE-RSA-"):
        service.run("cert", "import", authority.issue(HOST, rsa=kind == "ECDHE-RSA-"), check=0)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with connected(service, ca=authority.cert, minimum_version=version, maximum_version=version) as tls:
                tls.sendall(request().encode())
                assert parts(receive(tls))[2] == TEXT
                assert tls.version() == version.name.replace("v1_", "v1.")
                assert version == ssl.TLSVersion.TLSv1_3 or tls.cipher()[0].startswith(kind), "the key of that certificate"


def test_a_certificate_is_replaced_without_restart(make_product, authority, tmp_path):
    """STS-40 STS-42: an imported certificate, also a wildcard, replaces the one in use.

    A name without one is not served.
    """
    service = make_product()
    before = service.children()
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)
    with pytest.raises(ssl.SSLError):
        with connected(service, ca=authority.cert):
            pass
    service.run("cert", "import", authority.issue(HOST), check=0)
    assert parts_of(service, authority)[2] == TEXT
    other = tmp_path / "other"
    other.mkdir()
    second = Authority(other)
    service.run("cert", "import", second.issue(HOST), check=0)
    assert parts_of(service, second)[2] == TEXT
    service.run("cert", "import", authority.issue("*.acme.example"), check=0)
    assert parts_of(service, authority)[2] == TEXT
    assert service.children() == before


def parts_of(service, authority):
    with connected(service, ca=authority.cert) as tls:
        tls.sendall(request().encode())
        return parts(receive(tls))


def test_old_versions_are_refused(edge):
    """STS-59: TLS 1.1 and 1.0 end in an alert."""
    for version in ("-tls1_1", "-tls1"):
        done = s_client(edge, "-servername", HOST, version, "-cipher", "ALL:@SECLEVEL=0")
        assert done.returncode != 0 and "alert protocol version" in done.stderr


def test_sessions_are_not_resumed_or_renegotiated(edge):
    """STS-59: no tickets, no session cache, no renegotiation."""
    done = s_client(edge, "-servername", HOST, "-tls1_2", "-reconnect", stdin="Q\n")
    assert done.stdout.count("New, TLSv1.2") == 6 and "Reused" not in done.stdout
    done = s_client(edge, "-servername", HOST, "-tls1_3", stdin="Q\n")
    assert "New Session Ticket" not in done.stdout and "Reused" not in done.stdout
    done = s_client(edge, "-servername", HOST, "-tls1_2", stdin="R\n")
    assert "RENEGOTIATING" in done.stdout + done.stderr and "no renegotiation" in done.stderr


def test_protocols(edge):
    """STS-98: http/1.1 among others is chosen; without it there is no answer."""
    done = s_client(edge, "-servername", HOST, "-alpn", "h2,http/1.1", stdin="Q\n")
    assert "ALPN protocol: http/1.1" in done.stdout
    for alone in ("h2", "acme-tls/1"):
        done = s_client(edge, "-servername", HOST, "-alpn", alone, stdin="Q\n")
        assert "no application protocol" in done.stderr


def test_curl(edge):
    """STS-20 STS-60: an ordinary client, also with HTTP/2 and compression offered."""
    for args in ([], ["--compressed"], ["--http2"], ["--no-alpn", "--http1.0"], ["-L"], ["--tls-max", "1.2"]):
        done = curl(edge, *args)
        assert done.returncode == 0, (args, done.stderr)
        assert done.stdout.replace("\r", "") == TEXT.replace("\r", ""), args
    assert curl(edge, host="mta-sts.other.example").returncode == 35
    assert "421" in curl(edge, "-i", "-H", "Host: mta-sts.bank.example").stdout


def test_plain_http_serves_nothing(edge):
    """STS-20: no policy without TLS, and no redirect to it either."""
    for path in (PATH, "/", "/.well-known/acme-challenge/token"):
        with socket.create_connection(("127.0.0.1", edge.ports["http"]), timeout=DEADLINE) as raw:
            raw.sendall(request(path=path).encode())
            status, headers, body = parts(receive(raw))
        assert status == 404 and "location" not in headers and "STSv1" not in body


def test_many_requests_on_one_connection(edge):
    """STS-98: kept open, also for requests sent ahead; a request in pieces is one request."""
    one = f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    with connected(edge) as tls:
        tls.sendall((one * 20 + request()).encode())
        assert receive(tls).decode().count(TEXT) == 21
    with connected(edge) as tls:
        for byte in request().encode():
            tls.sendall(bytes([byte]))
        assert parts(receive(tls))[2] == TEXT


HEAD = f"Host: {HOST}\r\n"


@pytest.mark.parametrize("raw, status", [
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}{HEAD}\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\nHost:\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}X: a\r\n b\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\n{HEAD}\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\n\n", 400),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}X: a\0b\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\nHost : {HOST}\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}Content-Length: +1\r\n\r\n", 400),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}Transfer-Encoding: gzip\r\n\r\n", 501),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}X: {'a' * 9000}\r\n\r\n", 431),
    (f"GET {PATH} HTTP/1.1\r\n{HEAD}" + "X: y\r\n" * 64 + "\r\n", 431),
    (f"GET /{'a' * 9000} HTTP/1.1\r\n{HEAD}\r\n", 414),
    (f"GET https://{HOST}{PATH} HTTP/1.1\r\n{HEAD}\r\n", 400),
    (f"GET {PATH} HTTP/2.0\r\n{HEAD}\r\n", 505),
    (f"GET {PATH}\r\n\r\n", 400),
    (f"G(T {PATH} HTTP/1.1\r\n{HEAD}\r\n", 400),
    (f"GET  {PATH} HTTP/1.1\r\n{HEAD}\r\n", 400),
])
def test_strictness(edge, raw, status):
    """STS-98: what two readers could read differently is refused, said, and the connection closed."""
    got, headers, body = parts(ask(edge, raw))
    assert got == status and headers["connection"] == "close" and "STSv1" not in body


def test_a_body_is_not_waited_for(edge):
    """STS-98: POST is answered 405 at once, and the answer is not lost behind the unread body."""
    raw = f"POST {PATH} HTTP/1.1\r\n{HEAD}Content-Length: 1000000\r\n\r\n".encode() + b"x" * 30000
    assert parts(ask(edge, raw))[0] == 405
