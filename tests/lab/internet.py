"""The map of the lab: a small internet, who is where in it and what runs there.

    root   tld                     the names, signed
      |     |
      |     |    knot  nsd         the customers' zones; on nsd also those that are typed or flattened
      |     |     |     |
   ===+=====+=====+=====+=====+======+=========+=========+==========+====  one network, no way out
                              |      |         |         |          |
                          mxseal  second   authority  resolver   sender
                                                                    :   senders' MTA: Postfix, with
   =====+=======+========+=======+=======+=======+===========+==    :   postfix-mta-sts-resolver
        |       |        |       |       |       |           |
      good   expired   wrong   self    plain    path      mailbox       the customers' mail hosts: Postfix;
                                                 |                      a mailbox that gets reports: dovecot
                                              stripped

Each place is a host of its own: network, /etc, /run, host name.  names.py, mail.py and service.py
have the software that runs there, spaces.py the hosts, harness.py what tests do with the whole.
"""
from mail import Mail, Mailbox, Sender, Stripper
from names import Knot, Nsd, Resolver, Second
from service import Mxseal, Pebble

# What everybody may be reached at: ranges of documentation, in a network without a way out.
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")

#  name         address          what runs there
PLACES = {
    "root":      ("192.0.2.1",     [Knot(".")]),
    "tld":       ("192.0.2.2",     [Knot("example")]),
    "knot":      ("192.0.2.3",     [Knot("hosting.example", "provider.example", "authority.example",
                                         "mail.example", "sender.example", "signed.example",
                                         "expired.example", "wrong.example", "self.example",
                                         "plain.example", "stripped.example", "late.example",
                                         "reported.example", "slow.example")]),
    "nsd":       ("192.0.2.4",     [Nsd("typed.example", "moved.example", flattened=["flat.example"])]),

    "authority": ("192.0.2.20",    [Resolver(keeps=0), Pebble("acme.authority.example")]),
    "mxseal":    ("192.0.2.10",    [Mxseal("mxseal.provider.example", "sts.provider.example")]),
    "second":    ("192.0.2.11",    [Second("sts.provider.example", primary="192.0.2.10")]),

    "resolver":  ("203.0.113.53",  [Resolver()]),
    "sender":    ("203.0.113.25",  [Sender("out.sender.example")]),

    "good":      ("198.51.100.11", [Mail("good.mail.example", certificate="good")]),
    "expired":   ("198.51.100.12", [Mail("expired.mail.example", certificate="expired")]),
    "wrong":     ("198.51.100.13", [Mail("wrong.mail.example", certificate="wrong name")]),
    "self":      ("198.51.100.14", [Mail("self.mail.example", certificate="self-signed")]),
    "plain":     ("198.51.100.15", [Mail("plain.mail.example", certificate=None)]),
    "path":      ("198.51.100.1",  [Stripper(before="stripped")]),
    "stripped":  ("198.51.100.16", [Mail("stripped.mail.example", certificate="good")]),
    "mailbox":   ("198.51.100.20", [Mailbox("mailbox.mail.example")]),
}
TESTS = "203.0.113.1"  # where the tests themselves are

# Hosts that are reached through another one instead of directly.
BEHIND = {"stripped": "path"}

# Which resolver a host asks (/etc/resolv.conf); the others ask "resolver".
ASKS = {"authority": "127.0.0.1"}

# Zones with DNSSEC, each with its DS in the zone above.
SIGNED = (".", "example", "signed.example")

# What stands in the zones from the beginning.  SOA and NS are added, and in root and tld the
# delegations of all the zones above.
RECORDS = {
    ".": "root-server A 192.0.2.1",
    "example": """
        ns.nic         A 192.0.2.2
        knot.hosting   A 192.0.2.3
        nsd.hosting    A 192.0.2.4
    """,
    "hosting.example": """
        knot           A 192.0.2.3
        nsd            A 192.0.2.4
    """,
    "provider.example": """
        mxseal         A  192.0.2.10
        sts            NS ns1.sts
        sts            NS ns2.sts
        ns1.sts        A  192.0.2.10
        ns2.sts        A  192.0.2.11
    """,
    "authority.example": "acme A 192.0.2.20",
    "mail.example": """
        good           A 198.51.100.11
        expired        A 198.51.100.12
        wrong          A 198.51.100.13
        self           A 198.51.100.14
        plain          A 198.51.100.15
        stripped       A 198.51.100.16
        mailbox        A 198.51.100.20
    """,
    "sender.example": """
        @              MX 10 out
        out            A 203.0.113.25
        @              TXT "v=spf1 a:out.sender.example -all"
    """,
}

# The customers: domain and mail host.
CUSTOMERS = {
    "signed.example": "good",        # DNSSEC, delegated once
    "typed.example": "good",         # TXT and address typed by hand
    "flat.example": "good",          # CNAMEs that its provider flattens
    "moved.example": "good",         # whose policy will name another host
    "late.example": "good",          # for what happens years later
    "slow.example": "good",          # that comes while a name server lags behind
    "reported.example": "good",      # that others send reports about
    "expired.example": "expired",
    "wrong.example": "wrong",
    "self.example": "self",
    "plain.example": "plain",
    "stripped.example": "stripped",
}
BAD = ("expired.example", "wrong.example", "self.example", "plain.example", "stripped.example")
