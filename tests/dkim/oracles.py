"""Three verifiers on the same messages: this program's, python3-dkim and libopendkim.

usage: oracles.py VERDICT.  Messages are made up and signed by python3-dkim in every canonical form
and with both kinds of key; then one thing is changed in most of them.  All must agree.
"""
import base64
import os
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import dkim
except ImportError:
    sys.exit(77)

SIGNED = 120 if not os.environ.get("MXSEAL_TEST_LONG") else 2000
WORDS = ["report", "tls", "=?utf-8?q?=C3=A4?=", "a  b", "x\ty", "(comment)", "\"quoted, one\"", "v=1; b=2"]
LINES = [b"", b" ", b"\t", b"text", b"text  with   blanks", b"trailing  ", b"\tindented", b"=3D soft=", b".dot",
         b"a" * 200, b"From here", bytes(range(33, 127)), b"caf\xc3\xa9"]


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


def make_keys(folder):
    found = {}
    for name, how in (("r1", ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
                      ("r2", ["RSA", "-pkeyopt", "rsa_keygen_bits:1536"]), ("e1", ["ed25519"])):
        pem = folder / f"{name}.pem"
        pem.write_bytes(openssl("genpkey", "-algorithm", *how))
        public = openssl("pkey", "-in", str(pem), "-pubout", "-outform", "DER")
        if name == "e1":
            private = base64.b64encode(openssl("pkey", "-in", str(pem), "-outform", "DER")[-32:])
            found[name] = (private, f"v=DKIM1; k=ed25519; p={base64.b64encode(public[-32:]).decode()}")
        else:
            private = openssl("rsa", "-in", str(pem), "-traditional")
            found[name] = (private, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}")
    return found


def fold(rng, text):
    """Some blanks become folds."""
    return "".join(rng.choice(["\r\n ", "\r\n\t", " ", " "]) if c == " " and i else c for i, c in enumerate(text))


def message(rng):
    fields = [f"From:{rng.choice([' ', '', '  '])}Sender <tls@sender.example>"]
    for name in rng.sample(["To", "Subject", "Date", "Message-ID", "TLS-Report-Domain", "TLS-Report-Submitter", "X-One",
                            "x-two", "Received", "Received"], rng.randint(1, 8)):
        words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6)))
        fields.append(f"{name}:{fold(rng, ' ' + words)}{rng.choice(['', '', ' ', '  '])}")
    rng.shuffle(fields)
    # Every line has its end, as SMTP gives it: without the last one the two others differ.
    body = b"".join(rng.choice(LINES) + b"\r\n" for _ in range(rng.randint(0, 12)))
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + body


def sign(rng, text, keys):
    selector = rng.choice(sorted(keys))
    names = [line.split(b":")[0].strip() for line in text.split(b"\r\n\r\n")[0].split(b"\r\n")
             if not line.startswith((b" ", b"\t"))]
    covered = {n.lower() for n in names if rng.random() < 0.7} - {b"received"} | {b"from"}
    forms = (b"simple", b"relaxed")
    field = dkim.sign(text, selector.encode(), b"sender.example", keys[selector][0],
                      canonicalize=(rng.choice(forms), rng.choice(forms)), include_headers=sorted(covered),
                      signature_algorithm=b"ed25519-sha256" if selector == "e1" else b"rsa-sha256")
    return field + text


def changed(rng, text):
    """One change, of a kind that may or may not matter to the signature."""
    head, _, body = text.partition(b"\r\n\r\n")
    sig_end = head.index(b"\r\nFrom:") if head.startswith(b"DKIM") and b"\r\nFrom:" in head else 0
    kind = rng.randrange(9)
    if kind == 0:
        return text
    if kind == 1:
        return head + b"\r\n\r\n" + body + b"\r\n" * rng.randint(1, 3)
    if kind == 2:
        return head + b"\r\n\r\n" + body.replace(b" ", b"  ", 1)
    if kind == 3:
        return head + b"\r\n\r\n" + body + b"more"
    if kind == 4:
        return head.replace(b"tls", b"tlz", 1) + b"\r\n\r\n" + body
    if kind == 5:
        return head + b"\r\nX-Later: added" + b"\r\n\r\n" + body
    if kind == 6:
        return b"Received: by a relay\r\n" + text
    if kind == 7:
        at = rng.randrange(len(body)) if body else 0
        return head + b"\r\n\r\n" + body[:at] + b"Z" + body[at + 1:]
    return head[:sig_end] + head[sig_end:].replace(b": ", b":  ", 1) + b"\r\n\r\n" + body


def opinion(text, keys):
    records = {f"{s}._domainkey.sender.example.".encode(): r.encode() for s, (_, r) in keys.items()}
    try:
        return "pass" if dkim.verify(text, dnsfunc=lambda name, timeout=5: records.get(name)) else "fail"
    except Exception:  # noqa: BLE001 - it raises many kinds for messages it cannot read
        return "fail"


def main():
    rng = random.Random(int(os.environ.get("MXSEAL_SEED", "8463")))
    wrong, passed = [], 0
    with tempfile.TemporaryDirectory(prefix="mxseal-dkim-") as name:
        folder = pathlib.Path(name)
        keys = make_keys(folder)
        listed = "".join(f"{s} {record}\n" for s, (_, record) in keys.items())
        cases = []
        for _ in range(SIGNED):
            text = sign(rng, message(rng), keys)
            cases += [text, changed(rng, text), changed(rng, text)]
        for n, text in enumerate(cases):
            (folder / f"{n}.eml").write_bytes(text)
            (folder / f"{n}.keys").write_text(listed)
        lines = subprocess.run([sys.argv[1], folder, str(len(cases))], check=True, capture_output=True,
                               text=True).stdout.splitlines()
        assert len(lines) == len(cases)
        for n, line in enumerate(lines):
            ours, theirs = line.split()[1:]
            python = opinion(cases[n], keys)
            passed += ours == "pass"
            if not ours == theirs == python:
                wrong.append(f"ours {ours}, libopendkim {theirs}, python3-dkim {python}:\n{cases[n]!r}")
    print(f"DKIM-14 DKIM-15 DKIM-16: {len(cases)} messages, {passed} valid, {len(wrong)} disagreements")
    print("\n".join(wrong[:5]))
    sys.exit(1 if wrong or not SIGNED <= passed < len(cases) else 0)


main()
