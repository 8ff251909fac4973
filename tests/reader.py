"""The machine of somebody who reads the pages, with the paths, ports and names that stand there; root.

It has a network, a host name and mounts of its own.  What the package brings lies at its place, and nothing is left of
another mxseal; else /etc, /usr, /var, /srv and /root are those of this machine, and what is changed in them goes away
with it.  systemctl does what the
unit does: systemd itself runs in tests/fresh-unit only.
"""
import configparser
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pages
from program import BIN, DEADLINE, ROOT, Service, eventually

HOLDER = """
set -e
mkdir -p "$1/top" "$1/tree"
mount -t tmpfs -o mode=755 none "$1/top"
for d in etc usr var srv root; do
	mkdir -p "$1/top/$d/up" "$1/top/$d/work" "$1/tree/$d"
	chmod --reference=/$d "$1/tree/$d" "$1/top/$d/up"
	mount -t overlay overlay -o "lowerdir=$1/tree/$d:/$d,upperdir=$1/top/$d/up,workdir=$1/top/$d/work" /$d
done
mount -t tmpfs -o mode=755 none /run
hostname mxseal.example.net
ip link set lo up
for a in 192.0.2.1/32 2001:db8::1/128; do ip address add $a dev lo; done
rm -rf /var/lib/mxseal
find /etc/mxseal -mindepth 1 ! -name mxseal.conf ! -name master.key -delete
systemd-sysusers mxseal.conf >/dev/null
systemd-tmpfiles --create mxseal.conf
chown mxseal: /var/lib/mxseal /run/mxseal
install -d -o mxseal -m 500 /run/credentials
install -o mxseal -m 400 /etc/mxseal/master.key /run/credentials/master.key
echo ready
exec sleep infinity
"""
# User, group, privileges and credentials of packaging/mxseal.service.in.
AS_THE_UNIT = ["setpriv", "--reuid=mxseal", "--regid=mxseal", "--init-groups", "--inh-caps=+net_bind_service",
               "--ambient-caps=+net_bind_service", "--no-new-privs", "--"]
NEEDED = ("unshare", "nsenter", "setpriv", "ip", "systemd-sysusers", "systemd-tmpfiles", "nginx", "haproxy", "apache2", "postfix")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# Words of a sentence that the reader has something of his own for.
OWN = {"DOMAIN": "example.com", "CAUSE": "id-differs", "FILE": "/etc/mxseal/transfer.keys", "NAME": "mta-sts.example.com"}
# What may be found on a machine without the Internet; all others end with 0.
EXITS = {"doctor": (0, 1, 3), "alert check": (0, 1, 3), "domain add new.example": (6,)}
# What tests/fresh-unit has systemd do.
SYSTEMCTL = {"sudo systemctl enable --now mxseal": "start", "sudo systemctl start mxseal": "start",
             "sudo systemctl stop mxseal": "stop", "sudo systemctl restart mxseal": "restart",
             "mxseal serve --check-config && sudo systemctl reload mxseal": "reload"}
# Asked for at a terminal.
ANSWERS = {"sudo mxseal restore": "yes\n"}


def missing():
    """Why there can be no such machine; None: there can."""
    lacking = [name for name in NEEDED if not shutil.which(name, path=PATH)]
    return "needs root" if os.geteuid() != 0 else f"needs {', '.join(lacking)}" if lacking else None


class Reader:
    cwd = "/root"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-reader-"))
        self.folder.chmod(0o755)
        self.tree, self.programs = self.folder / "tree", []
        self.install()
        self.holder = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "--propagation", "private",
                                        "sh", "-c", HOLDER, "sh", self.folder], stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        self.env = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb",
                    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
        self.service = Service(self.folder, [], {}, prefix=[*self.enter(), *AS_THE_UNIT])
        self.service.program = "/usr/bin/mxseal"
        self.service.env = {**self.env, "CREDENTIALS_DIRECTORY": "/run/credentials"}
        self.root = pathlib.Path(f"/proc/{self.holder.pid}/root")

    def install(self):
        """What the package puts on a machine, with the program that is tested."""
        made = self.folder / "made"
        done = subprocess.run(["meson", "install", "-C", BIN.parent, "--no-rebuild", "--quiet", "--destdir", made],
                              capture_output=True, text=True)
        assert done.returncode == 0, done
        shutil.copytree(next(p for p in (made / "usr/local", made / "usr") if (p / "bin").is_dir()), self.tree / "usr")
        shutil.copy(BIN, self.tree / "usr/bin/mxseal")
        self.put("/usr/bin/sudo", '#!/bin/sh\nexec env "$@"\n', 0o755)
        self.put("/etc/mxseal/mxseal.conf", (ROOT / "packaging/mxseal.conf").read_text())
        self.put("/etc/mxseal/master.key", os.urandom(32), 0o400)

    def put(self, path, content, mode=0o644):
        """A file of the reader's, before the machine is made or later."""
        place = getattr(self, "root", self.tree) / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        place.chmod(mode)

    def read(self, path):
        return (self.root / path.lstrip("/")).read_text()

    def enter(self):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "-u", "-r", "--"]

    def run(self, line, check=(0,)):
        """A line as it is typed, without a terminal; check: the exit statuses that may come."""
        done = subprocess.run([*self.enter(), "sh", "-c", f"cd {self.cwd} && {line}"], stdin=subprocess.DEVNULL, env=self.env,
                              capture_output=True, text=True, timeout=300)
        assert done.returncode in check, (line, done.returncode, done.stdout, done.stderr)
        return done

    def start(self, line):
        """A program that runs until stop_programs()."""
        log = open(self.folder / "programs.log", "ab")
        self.programs.append(subprocess.Popen([*self.enter(), "sh", "-c", f"cd {self.cwd} && exec {line}"], stdin=subprocess.DEVNULL,
                                              stdout=log, stderr=log, env=self.env))

    def stop_programs(self):
        while self.programs:
            self.programs[-1].terminate()
            self.programs.pop().wait(DEADLINE)

    def systemctl(self, verb):
        if verb == "restart":
            self.systemctl("stop")
            verb = "start"
        if verb == "reload":
            before = self.service.log_text().count("configuration read")
            self.service.process.send_signal(1)
            eventually(lambda: self.service.log_text().count("configuration read") > before)
        else:
            {"start": self.service.start, "stop": self.service.stop}[verb]()

    def configure(self, text):
        """The lines of a page in /etc/mxseal/mxseal.conf, in the place of what was said before; they are accepted."""
        settings = configparser.ConfigParser(interpolation=None, delimiters="=")
        settings.optionxform = str
        settings.read_string(self.read("/etc/mxseal/mxseal.conf"))
        settings.read_string(text)
        with open(self.root / "etc/mxseal/mxseal.conf", "w") as f:
            settings.write(f)
        self.run("mxseal serve --check-config")

    def close(self):
        self.stop_programs()
        if self.service.process:
            self.service.stop()
        self.holder.kill()
        self.holder.wait()
        shutil.rmtree(self.folder)


def exits(command):
    return next((codes for words, codes in EXITS.items() if f"mxseal {words}" in command.text), (0,))


def type_command(reader, command):
    """What a person types; of systemctl only what starts, stops and reloads the service."""
    line = command.text
    if line in SYSTEMCTL:
        return reader.systemctl(SYSTEMCTL[line])
    if command.is_booted or command.program in pages.NOT_RUN:
        return None
    line = re.sub(r"\b[A-Z]{3,}[0-9]*\b", lambda m: OWN.get(m[0], m[0]), line)
    answer = next((a for words, a in ANSWERS.items() if line.startswith(words)), None)
    if answer:
        line = f"printf '{answer}' | script -qec {json.dumps(line)} /dev/null"
    return reader.run(line, exits(command))


def walk(reader, page, handlers, inline=True):
    """The page from its start to its end: before a command its own handler, for a block that of its language."""
    commands = [c for c in pages.commands(page) if inline or not c.inline]
    todo = [b for b in pages.blocks(page) if b.language not in ("sh", "console")] + commands
    for each in sorted(todo, key=lambda x: x.line):
        if isinstance(each, pages.Block):
            assert each.language in handlers or each.language in pages.NOT_RUN, f"{each}: nothing checks this block"
            handlers.get(each.language, lambda *_: None)(reader, each.text)
            continue
        for words, prepare in handlers.items():
            if each.text.startswith(words):
                prepare(reader)
        type_command(reader, each)
    assert commands


def start_with_a_domain(reader):
    """The service, with what a reader has who comes to any other page than that on installing."""
    reader.run("mxseal setup --for own --host mxseal.example.net --accept-terms no")
    reader.systemctl("start")
    reader.run("mxseal domain add example.com --mx mx.example.com --way txt")
