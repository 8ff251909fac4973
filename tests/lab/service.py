"""The service itself, and the authority it gets its certificates from."""
import json

from dovecot import PASSWORD
from program import Service
from spaces import ENV, Software

CONFIG = """
[server]
state = {dir}/state
log = info text
[listen]
tls = {address}:443
http = {address}:80
dns = {address}:53
smtp = {address}:25
admin = 127.0.0.1:8000
[service]
host = {host}
zone = {zone}
addresses = {address}
nameservers = ns1.{zone} ns2.{zone}={second}
secondaries = {second}
transfer_key_file = {dir}/transfer.keys
ttl = 30
[report]
host = reports.{zone}
[acme]
accept_terms = yes
directory = https://acme.authority.example/dir
email = hostmaster@provider.example
[resolver]
stub = .={root}
trust_anchor = {anchor}
[imap office]
url = imaps://mailbox.mail.example/INBOX
user = office
password_file = {dir}/imap.password
every = 1
after = flag
[outgoing]
allow = {networks}
"""


class Pebble(Software):
    """The authority: refuses nonces, takes its time, and looks from outside."""

    def __init__(self, name):
        self.name = name

    def prepare(self, lab, host):
        self.certificate = lab.authority.issue(self.name)

    validity = 90 * 86400  # seconds, of the certificates

    def start(self, lab, host):
        config = {"pebble": {
            "listenAddress": f"{host.address}:443", "managementListenAddress": f"{host.address}:15000",
            "certificate": str(self.certificate), "privateKey": str(self.certificate.with_suffix(".key")),
            "httpPort": 80, "tlsPort": 443, "certificateValidityPeriod": self.validity,
            "profiles": {"default": {"description": "-", "validityPeriod": self.validity}}}}
        host.start("pebble", "pebble", "-config", host.file("pebble.json", json.dumps(config)),
                   "-dnsserver", "127.0.0.1:53", env={"PEBBLE_WFE_NONCEREJECT": "30",
                                                      "PEBBLE_VA_SLEEPTIME": "1", "PEBBLE_AUTHZREUSE": "0"})

    def ready(self, lab, host):
        """Its root becomes one that everybody trusts; each start makes another, and the others stay."""
        def root():
            return host.run("curl", "-sf", "--resolve", f"{self.name}:15000:{host.address}",
                            f"https://{self.name}:15000/roots/0", check=False).stdout

        lab.trust(f"authority-{host.programs['pebble'].pid}-root", lab.until(root))


class Mxseal(Service, Software):
    """mxseal on 443, 80, 53 and 25, as an operator sets it up.  Its command line is run on its host."""

    def __init__(self, host_name, zone):
        self.host_name, self.zone = host_name, zone

    def prepare(self, lab, host):
        super().__init__(host.folder, ["--config", host.folder / "mxseal.conf"], {}, env=ENV)
        self.host = host
        host.file("transfer.keys", f"hmac-sha256:transfer.provider.example:{lab.transfer_secret}\n", 0o400)
        host.file("imap.password", PASSWORD + "\n", 0o400)
        host.file("mxseal.conf", CONFIG.format(
            dir=host.folder, address=host.address, host=self.host_name, zone=self.zone,
            second=lab.map.PLACES["second"][0], root=lab.map.PLACES["root"][0], anchor=lab.anchor,
            networks=" ".join(lab.map.NETWORKS)))

    def start(self, *_):
        self.prefix = self.host.enter()
        return super().start()

    def ready(self, lab, host):
        lab.until(lambda: host.ask(self.zone, "SOA", host.address))

    def halt(self, host):
        self.stop()
