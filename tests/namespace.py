"""One network namespace for system tests that need ports or addresses of their own; root.

For several hosts, each with its software: tests/lab.
"""
import os
import pathlib
import shutil
import subprocess
import uuid

from program import DEADLINE


class Namespace:
    """A network namespace with two addresses, its own resolv.conf, and programs in it."""

    def __init__(self, folder):
        self.name = "mxseal-" + uuid.uuid4().hex[:8]
        self.folder = folder
        self.etc = pathlib.Path("/etc/netns") / self.name
        self.programs = []

    def __enter__(self):
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.etc.mkdir(parents=True)
        (self.etc / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
        try:
            for words in ("link set lo up", "addr add 192.0.2.10/32 dev lo", "addr add 192.0.2.53/32 dev lo"):
                subprocess.run(["ip", "-n", self.name, *words.split()], check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        for program in reversed(self.programs):
            program.terminate()
        for program in self.programs:
            program.wait(DEADLINE)
        subprocess.run(["ip", "netns", "del", self.name], check=True)
        shutil.rmtree(self.etc)

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def start(self, *words, env=None):
        log = open(self.folder / (pathlib.Path(str(words[0])).name + ".log"), "ab")
        self.programs.append(subprocess.Popen(self.command(*words), stdout=log, stderr=log,
                                              env=dict(os.environ, **(env or {}))))

    def ask(self, name, kind, server="127.0.0.1"):
        done = subprocess.run(self.command("kdig", "+short", "+timeout=1", "+retry=0", "@" + server, name,
                                           kind), capture_output=True, text=True)
        return done.stdout.split("\n")[0] if done.returncode == 0 else ""
