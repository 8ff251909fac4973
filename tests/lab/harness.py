"""The lab as tests use it: made from its map, with the few things that people do there."""
import base64
import contextlib
import pathlib
import subprocess

import internet
import spaces
from mail import Message
from program import Authority, eventually, openssl


class PublicAuthority(Authority):
    """The authority of the customers' mail hosts, which everybody trusts, and what it would not sign."""

    days = 400

    def self_signed(self, name, stem):
        crt, key = self.folder / f"{stem}.crt", self.folder / f"{stem}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=" + name, "-addext", "subjectAltName=DNS:" + name, "-days", "30", "-keyout", key, "-out", crt)
        return crt


class Lab:
    map = internet

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o711)  # daemons that give up root pass through it
        self.anchor = self.folder / "root.anchor"
        self.transfer_secret = base64.b64encode(b"the secret of a transfer in lab").decode()
        self.hosts, self.zones, self.ds = {}, {}, {}
        self.stack = contextlib.ExitStack()

    def __getitem__(self, name):
        return self.hosts[name]

    until = staticmethod(eventually)

    @staticmethod
    def here(*words):
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=spaces.ENV)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    # -- making it

    def start(self):
        """The whole of the map, in the order in which each needs the others."""
        self.etc = self.stack.enter_context(spaces.own_etc(self.folder))
        (self.folder / "certificates").mkdir()
        self.authority = PublicAuthority(self.folder / "certificates")
        self.trust("public-root", self.authority.cert.read_text())
        for name, (address, _) in self.map.PLACES.items():
            self.hosts[name] = spaces.Host(self, name, address)
        for host, software in self.everything():
            software.prepare(self, host)
        self.connect()
        self.fill_zones()
        self.run()
        return self

    def run(self):
        """Starts everything: what others ask goes first."""
        first, last = ("root", "tld", "knot", "nsd", "resolver", "authority"), ("mxseal", "second")
        self.run_software(*first)
        self.run_software(*(set(self.hosts) - {*first, *last}))
        for name in last:
            self.run_software(name)

    def halt(self):
        """Stops every program; the hosts stay."""
        for host, software in self.everything():
            software.halt(host)
        for host in self.hosts.values():
            for name in list(host.programs):
                host.stop(name)

    def everything(self):
        return [(self.hosts[name], software) for name, (_, list_) in self.map.PLACES.items() for software in list_]

    def software(self, name, kind=None):
        """What runs at a place."""
        return next(s for s in self.map.PLACES[name][1] if kind is None or isinstance(s, kind))

    def connect(self):
        for name, host in self.hosts.items():
            asks = self.map.ASKS.get(name, self.map.PLACES["resolver"][0])
            host.mount(host.file("resolv.conf", f"nameserver {asks}\noptions timeout:2 attempts:2\n"),
                       "/etc/resolv.conf")
            host.make()
        for host in self.hosts.values():
            host.made()
        net = spaces.Network(self.map.TESTS)
        net.join(*(host for name, host in self.hosts.items() if name not in self.map.BEHIND))
        for name, way in self.map.BEHIND.items():
            net.hide(self.hosts[name], self.hosts[way])

    def fill_zones(self):
        """Records of the map, the customers' own, and the delegations above them."""
        from names import SERVER_NAMES
        for name, zone in self.zones.items():
            zone.records = self.map.RECORDS.get(name, "")
            if name in self.map.CUSTOMERS:
                zone.records += f"\n@ MX 10 {self.map.CUSTOMERS[name]}.mail.example."
        for name, zone in self.zones.items():
            if name != ".":
                above = self.zones[name.partition(".")[2] or "."]
                above.records += f"\n{name}. NS {SERVER_NAMES[zone.host.name]}"
                above.records += "".join("\n" + line for line in self.ds.get(name, []))
        self.zones["."].records += "\nns.nic.example. A " + self.map.PLACES["tld"][0]
        self.anchor.write_text("\n".join(self.ds["."]) + "\n")

    def run_software(self, *names):
        chosen = [(host, software) for host, software in self.everything() if host.name in names]
        for host, software in chosen:
            software.start(self, host)
        for host, software in chosen:
            software.ready(self, host)

    def trust(self, name, pem):
        """A root that every program of the lab trusts as it does the system's."""
        certs = self.etc / "ssl/certs"
        (certs / f"{name}.pem").write_text(pem)
        (certs / "ca-certificates.crt").write_text("".join(f.read_text() for f in sorted(certs.glob("*-root.pem"))))
        self.here("openssl", "rehash", certs)

    def end(self):
        if self.mxseal.process:
            self.mxseal.stop()  # in order, so that what it leaks is said
        self.software("mailbox").remove()
        for host in self.hosts.values():
            host.end()
        self.stack.close()

    def clock(self, days):
        """All clocks are so many days ahead of this machine's, after a moment in which nothing ran; only
        the authority's is not: its program does not ask the library of the others."""
        self.halt()
        for host in self.hosts.values():
            host.clock(days)
        self.run()

    # -- what people do

    @property
    def mxseal(self):
        """The service: run() and json() are its command line."""
        return self.software("mxseal")

    def paste(self, domain):
        """Puts the records that mxseal prints for a domain into its zone, as its admin would."""
        self.zones[domain].paste(self.lines(domain))

    def lines(self, domain):
        return self.mxseal.run("records", domain, "--format", "zone", check=0).stdout

    def type_the_id(self, domain):
        """The admin of a typed domain looks for the id, which stands there once its text is served."""
        eventually(lambda: "id=" + self.mxseal.json("policy", "show", domain)["id"] in self.lines(domain), 120)
        self.paste(domain)

    def add(self, domain, *options):
        self.add_all({domain: options})

    def add_all(self, domains):
        """{domain: options of `domain add`}: they come, and their admins paste what they are told."""
        for domain, options in domains.items():
            self.mxseal.run("domain", "add", domain, *options, check=0)
        for domain in domains:
            self.paste(domain)

    def published(self, domain, servers=("mxseal", "second")):
        """Waits until every server that a resolver may ask answers the id of the newest policy; servers:
        those of the service zone."""
        policy_id = self.mxseal.json("policy", "show", domain)["id"]
        ask = lambda server, name: self["sender"].ask(name, "TXT", self.map.PLACES.get(server, (server,))[0])

        def seen():
            answer = ask(self.zones[domain].host.name, "_mta-sts." + domain)
            if answer and answer[0].endswith("."):
                return all(policy_id in "".join(ask(server, answer[0])) for server in servers)
            return policy_id in "".join(answer)

        return eventually(seen, 120)

    def certificates(self):
        """{host: item of cert list}"""
        return {host: item for item in self.mxseal.json("cert", "list")["items"] for host in item["hosts"]}

    def certified(self, domain):
        """Waits until the authority has certified the policy host of a domain."""
        return eventually(lambda: self.certificates().get(f"mta-sts.{domain}", {}).get("source") == "acme", 120)

    def policy_of(self, domain):
        """What the sender's mta-sts-daemon knows of a domain, as a setting of Postfix; also in testing."""
        return self["sender"].run("postmap", "-q", domain, "socketmap:inet:127.0.0.1:8461:strict",
                                  check=False).stdout.strip()

    def mail(self, domain):
        """A mail from the sender to somebody there."""
        return Message(self["sender"], "bob@" + domain)

    def reports(self, domain):
        """{scheme: where reports about a domain are taken}"""
        return {uri.partition(":")[0]: uri for uri in self.mxseal.json("records", domain)["rua"]}

    def fetch(self, domain):
        """The policy as the sender fetches it, or None."""
        done = self["sender"].run("curl", "-sf", "--max-time", "10",
                                  f"https://mta-sts.{domain}/.well-known/mta-sts.txt", check=False)
        return done.stdout if done.returncode == 0 else None
