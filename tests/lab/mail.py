"""Mail in the lab: Postfix as the customers' mail hosts and as the sender, a mailbox, and a thief of STARTTLS."""
import pathlib
import re
import shutil
import signal
import sys
import uuid

from dovecot import Dovecot
from spaces import Software, end_group

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"

MAIN = """
compatibility_level = 3.6
myhostname = {name}
maillog_file = /dev/stdout
inet_protocols = ipv4
inet_interfaces = all
mydestination =
alias_maps =
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = /var/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_relay_restrictions = permit_auth_destination, reject
smtpd_tls_received_header = yes
"""

OFFERS_TLS = """
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key}, {certificate}
"""

SENDS = """
smtp_tls_security_level = may
smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix
smtp_tls_CApath = /etc/ssl/certs
smtp_tls_loglevel = 1
smtp_connection_cache_on_demand = no
smtp_address_preference = ipv4
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 4s
"""

MASTER = """
smtp      inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

# Debian's mta-sts-daemon.  It asks DNS anew for each mail, as a careful sender does.  The map "strict"
# tells of a policy also in testing mode; Postfix asks the other one.
DAEMON = """
host: 127.0.0.1
port: 8461
shutdown_timeout: 1
cache_grace: 0
cache:
  type: internal
  options:
    cache_size: 1000
proactive_policy_fetching:
  enabled: false
zones:
  strict:
    strict_testing: true
    timeout: 10
default_zone:
  strict_testing: false
  timeout: 10
"""


def postfix(host, settings):
    """A Postfix of the host's own: settings, queue, data and mailboxes."""
    etc = host.folder / "postfix"
    shutil.copytree("/etc/postfix", etc, symlinks=True)
    (etc / "main.cf").write_text(settings)
    (etc / "master.cf").write_text(MASTER)
    host.mount(etc, "/etc/postfix")
    for name, target, owner in (("queue", "/var/spool/postfix", "root"), ("data", "/var/lib/postfix", "postfix"),
                                ("mail", "/var/mail", "nobody")):
        (host.folder / name).mkdir()
        shutil.chown(host.folder / name, owner)
        host.mount(host.folder / name, target)


class Postfix(Software):
    """A Postfix; its master is a session of its own."""

    def start(self, lab, host):
        host.start("postfix", "postfix", "start-fg")

    def ready(self, lab, host):
        host.says("postfix", "daemon started")

    def halt(self, host):
        end_group(int((host.folder / "queue/pid/master.pid").read_text()), signal.SIGTERM)


class Mail(Postfix):
    """A customer's mail host: takes mail for everybody.  certificate: good, expired, wrong name,
    self-signed, or None for a host that offers no STARTTLS."""

    def __init__(self, name, certificate):
        self.name, self.certificate = name, certificate

    def prepare(self, lab, host):
        settings = MAIN.format(name=self.name, domains="static:all")
        if self.certificate:
            crt = self.issue(lab.authority)
            settings += OFFERS_TLS.format(key=crt.with_suffix(".key"), certificate=crt)
        postfix(host, settings)

    def issue(self, authority):
        stem = self.name + "." + self.certificate.replace(" ", "-")
        if self.certificate == "self-signed":
            return authority.self_signed(self.name, stem=stem)
        if self.certificate == "expired":
            return authority.issue(self.name, stem=stem, days=30, made="-60 days")
        return authority.issue("another." + self.name if self.certificate == "wrong name" else self.name, stem=stem)


class Sender(Postfix):
    """A sender: Postfix that asks postfix-mta-sts-resolver about every domain."""

    def __init__(self, name):
        self.name = name

    def prepare(self, lab, host):
        postfix(host, MAIN.format(name=self.name, domains=self.name.partition(".")[2]) + SENDS)
        self.config = host.file("daemon.yml", DAEMON)

    def start(self, lab, host):
        host.start("mta-sts", "mta-sts-daemon", "-c", self.config)
        super().start(lab, host)

    def ready(self, lab, host):
        super().ready(lab, host)
        lab.until(lambda: host.run("postmap", "-q", "sender.example", "socketmap:inet:127.0.0.1:8461:postfix",
                                   check=False).stderr == "")


class Stripper(Software):
    """A host on the way to another: everything passes, but SMTP passes its hands."""

    def __init__(self, before):
        self.before = before

    def prepare(self, lab, host):
        self.address = lab.map.PLACES[self.before][0]

    def start(self, lab, host):
        host.ip("rule add iif eth0 ipproto tcp dport 25 lookup 25 pref 25\n"
                f"route add local {self.address}/32 dev lo table 25\n", force=True)
        host.start("strip", sys.executable, PROGRAMS / "strip.py", self.address)

    def ready(self, lab, host):
        host.says("strip", "strips")


class Mailbox(Dovecot, Software):
    """A mailbox server: dovecot on 143 and 993, every name a mailbox."""

    def __init__(self, name):
        self.name = name

    def prepare(self, lab, host):
        super().__init__(lab.authority.issue(self.name), listen=host.address, ports=(143, 993))

    def start(self, lab, host):
        self.prefix = host.enter()
        return super().start()

    def halt(self, host):
        self.stop()


class Message:
    """One mail of the sender on its way.  text(id) makes it; id is its Message-ID."""

    def __init__(self, host, to, text=None):
        self.host, self.to, self.id = host, to, uuid.uuid4().hex + "@sender.example"
        host.run("sendmail", "-f", "alice@sender.example", to, stdin=(text or self.letter)(self.id))

    def letter(self, message_id):
        return (f"From: alice@sender.example\nTo: {self.to}\nMessage-ID: <{message_id}>\nSubject: hello\n\n"
                "How are you?\n").encode()

    def attempts(self):
        """What became of each attempt: (status, how the connection was, the reason)."""
        text = self.host.text("postfix")
        queued = re.search(rf" (\w+): message-id=<{self.id}>", text)
        found, tls = [], {}
        for pid, line in re.findall(r"postfix/smtp\[(\d+)\]: (.*)", text[queued.start():] if queued else ""):
            if "TLS connection established" in line:
                tls[pid] = line.split()[0]
            elif status := re.search(r"status=(\w+) (.*)", line):
                how = tls.pop(pid, "Plain")
                if line.startswith(queued[1] + ":"):
                    found.append((status[1], how, status[2]))
        return found

    def received(self, host):
        """The mail as it lies at the host that took it, or ""."""
        for name in ("new", "cur"):
            for file in (host.folder / "mail/inbox" / name).glob("*"):
                text = file.read_text()
                if self.id in text:
                    return text
        return ""
