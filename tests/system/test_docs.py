"""The pages, as they stand and in their order: every command is run, every block goes to the program that it is for.

A command that needs more than a machine of its own to be run is run by tests/fresh-unit (tests/pages.py says which).
"""
import json
import re
import shlex

import pytest

import pages
from conftest import ROOT, Authority, eventually
from reader import missing, start_with_a_domain, walk

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")
HOST = "mta-sts.example.com"
WEB = f"/etc/letsencrypt/live/{HOST}"
APACHE = """
ServerRoot /root
ServerName localhost
PidFile /run/apache2.pid
ErrorLog /root/apache.log
User www-data
Group www-data
Listen 443
"""


def fetched(reader):
    """The policy, as a sender gets it at port 443 of this machine."""
    asked = (f"curl -sS -f --max-time 20 --cacert /root/ca.pem --resolve {HOST}:443:127.0.0.1 "
             f"https://{HOST}/.well-known/mta-sts.txt")
    text = eventually(lambda: reader.run(asked, check=range(256)).stdout)
    assert text.startswith("version: STSv1"), text


def test_install(reader, tmp_path):
    packaged = reader.read("/etc/mxseal/mxseal.conf")
    reader.put("/etc/mxseal/transfer.keys", "hmac-sha256:a:AAAA\n", 0o600)
    reader.run("mkdir -p /etc/letsencrypt/renewal-hooks/deploy")
    crt = Authority(tmp_path).issue(HOST)
    reader.put(f"{WEB}/fullchain.pem", crt.read_text())
    reader.put(f"{WEB}/privkey.pem", crt.with_suffix(".key").read_text(), 0o600)
    reader.put("/usr/bin/man", "#!/bin/sh\nexec mandoc -T lint -W error /usr/share/man/man5/$1.5\n", 0o755)
    walk(reader, "install.md", {"sudo mxseal setup --for": lambda r: r.put("/etc/mxseal/mxseal.conf", packaged),
                                "sudo RENEWED_LINEAGE": lambda r: r.run("mxseal domain add example.com --mx mx.example.com --way txt")})
    assert "accept_terms = yes" in reader.read("/etc/mxseal/mxseal.conf")
    assert reader.run("stat -c '%U:%G %a' /etc/mxseal/transfer.keys").stdout == "root:mxseal 640\n"
    reader.run("test -x /etc/letsencrypt/renewal-hooks/deploy/mxseal")
    assert HOST in reader.run("mxseal cert list").stdout, "what certbot has is served at once"


def web_server(reader, check, start):
    """One that stands in front: its configuration is good, and a policy comes through."""
    reader.run(check)
    reader.start(start)
    fetched(reader)
    reader.stop_programs()


def by_nginx(reader, text):
    reader.run("rm -f /etc/nginx/sites-enabled/*")
    reader.put("/etc/nginx/sites-enabled/mxseal", text)
    web_server(reader, "nginx -t", "nginx -g 'daemon off;'")


def by_nginx_stream(reader, text):
    reader.run("rm -f /etc/nginx/sites-enabled/*")
    reader.put("/etc/nginx/nginx.conf", reader.read("/etc/nginx/nginx.conf") + text)
    web_server(reader, "nginx -t", "nginx -g 'daemon off;'")


def by_haproxy(reader, text):
    """Debian's file with these lines behind it, and the reader's own site."""
    mode = re.search(r"mode (\w+)", text)[1]
    if mode == "http":
        reader.configure("[listen]\nbehind = 127.0.0.1:8081\n")
        reader.systemctl("restart")
    site = re.search(r"default_backend (\w+)", text)[1]
    reader.run("cp -n /etc/haproxy/haproxy.cfg /root/haproxy.cfg; mkdir -p /run/haproxy")
    reader.put("/etc/haproxy/haproxy.cfg", f"{reader.read('/root/haproxy.cfg')}\n{text}\nbackend {site}\n\tmode {mode}\n")
    web_server(reader, "haproxy -c -f /etc/haproxy/haproxy.cfg", "haproxy -db -f /etc/haproxy/haproxy.cfg")


def by_apache(reader, text):
    """a2enmod is a program of tests/fresh-unit; here the modules that the page names are loaded."""
    named = re.search(r"`a2enmod ([\w ]+)`", pages.PAGES["behind.md"])[1].split()
    modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n"
                      for m in ("mpm_event", "authz_core", "socache_shmcb", *named))
    reader.put("/root/apache.conf", modules + APACHE + text)
    reader.configure("[listen]\nbehind = unix:/run/mxseal/behind.sock\n")
    reader.systemctl("restart")
    web_server(reader, "apache2 -t -f /root/apache.conf", "apache2 -DFOREGROUND -f /root/apache.conf")


def test_behind(reader, tmp_path):
    start_with_a_domain(reader)
    base = reader.read("/etc/mxseal/mxseal.conf")
    authority = Authority(tmp_path)
    crt = authority.issue(HOST, "reports.example.net", "mxseal.example.net")
    chain, key = crt.read_text(), crt.with_suffix(".key").read_text()
    for path, text in ((f"{WEB}/fullchain.pem", chain), (f"{WEB}/privkey.pem", key), ("/root/ca.pem", authority.cert.read_text()),
                       ("/etc/haproxy/certs/web.pem", chain + key), ("/root/web.pem", chain + key)):
        reader.put(path, text)
    reader.put("/usr/bin/rsync", '#!/bin/sh\nls >/root/copied\necho "$@" >>/root/copied\n', 0o755)

    def settings(reader, text):
        reader.put("/etc/mxseal/mxseal.conf", base)
        reader.configure(text)
        reader.systemctl("restart")
        reader.run("mxseal cert import /root/web.pem")

    walk(reader, "behind.md", {"ini": settings, "nginx": by_nginx, "haproxy": by_haproxy, "apache": by_apache,
                               "nginx-stream": by_nginx_stream, "caddy": lambda *_: None})
    assert reader.read("/root/copied") == f"{HOST}\n-a . web.example.net:/srv/www/\n"
    assert reader.read(f"/srv/policies/{HOST}/.well-known/mta-sts.txt").startswith("version: STSv1")


# The mail server of the reader's machine.
MAIL_SERVER = """
import socket
said = {"EHLO": "250 mail", "HELO": "250 mail", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "QUIT": "221 bye"}
with socket.create_server(("127.0.0.1", 25)) as server:
    print("ready", flush=True)
    while True:
        client, _ = server.accept()
        with client, client.makefile("rw", newline="\\r\\n") as f:
            def say(text):
                f.write(text + "\\n")
                f.flush()
            say("220 mail")
            while line := f.readline():
                say(said.get(line[:4].upper(), "250 ok"))
                if line[:4].upper() == "DATA":
                    with open("/root/mails", "a") as mails:
                        while (line := f.readline()) not in (".\\r\\n", ""):
                            mails.write(line)
                    say("250 taken")
"""


def no_backups(reader):
    """Nor the folder for them."""
    reader.run("rm -rf /srv/backup")


def by_cron(reader, text):
    """The line as cron runs it: % stands behind a backslash, /bin/sh, few folders in PATH; a mail of what is said."""
    user, line = re.fullmatch(r"(?:[\d*]+ ){5}(\w+) (.+)\n", text).groups()
    assert user == "root" and not re.search(r"(?<!\\)%", line)
    for name, age in (("mxseal-2020-01-01", "40 days ago"), ("mxseal-2020-02-02", "20 days ago"), ("of-somebody", "40 days ago")):
        reader.run(f"mkdir /srv/backup/{name} && touch /srv/backup/{name}/file && touch -d '{age}' /srv/backup/{name}")
    done = reader.run("env -i PATH=/usr/bin:/bin sh -c " + shlex.quote(line.replace("\\%", "%")))
    assert done.stdout + done.stderr == "", done
    today = "mxseal-" + reader.run("date +%F").stdout.strip()
    assert set(reader.run("ls /srv/backup").stdout.split()) == {today, "mxseal-1", "mxseal-2020-02-02", "of-somebody"}


def test_operations(reader):
    reader.put("/root/mail.py", MAIL_SERVER)
    reader.start("/usr/bin/python3 /root/mail.py")
    eventually(lambda: "ready" in (reader.folder / "programs.log").read_text())
    start_with_a_domain(reader)

    def settings(reader, text):
        reader.configure(text)
        reader.systemctl("reload")

    def certificate(reader):
        reader.run("mkdir -p /etc/ssl/mta-sts && cd /etc/ssl/mta-sts && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x "
                   "-addext subjectAltName=DNS:mta-sts.example.org -keyout org.key -out org.crt")

    walk(reader, "operations.md", {"ini": settings, "csv": lambda r, text: r.put(f"{r.cwd}/domains.csv", text),
                                   "mxseal cert import": certificate, "sudo install -d -m 700 /srv/backup": no_backups, "cron": by_cron})
    done = reader.run("mxseal domain list --json")
    assert json.loads(done.stdout)["items"][0]["domain"] == "example.com", "it came through all of it"
    assert "To: postmaster@example.net" in reader.read("/root/mails"), "who is to be told was told"


def test_every_block_is_known():
    """Of the other pages, too: a block without a language, or one that nothing knows, is checked by nobody."""
    known = {"sh", "console", "cron", "ini", "zone", "knot", "named", "text", "json", "csv", "postfix", "aliases", "exim", "powershell",
             "nginx", "haproxy", "apache", "nginx-stream", "caddy", "traefik"}
    assert {b.language for page in pages.PAGES for b in pages.blocks(page)} <= known
    for page in pages.PAGES:
        for text in pages.of(page, "json"):
            json.loads(text)


def test_what_needs_a_booted_system_is_run_by_fresh():
    """A command that is new on a page is missed here, not only by tests/fresh-unit."""
    script = (ROOT / "tests/fresh").read_text() + (ROOT / "tests/fresh-unit").read_text()
    by_hand = next(b.text for b in pages.blocks("install.md") if b.text.startswith("meson setup")).splitlines()
    for page in pages.PEOPLE_TYPE_FROM:
        for c in pages.commands(page):
            assert not c.is_booted or c.text in by_hand or f"'{c.text}'" in script or c.text == "./run --deb", c
