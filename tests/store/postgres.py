"""Runs a command against a PostgreSQL of its own: postgres.py COMMAND, called as COMMAND CONNINFO.

The server lives in a temporary directory, listens on a Unix socket there only, belongs to a
stranger when the caller is root (initdb refuses root), and is gone afterwards.  Exit 77 when no
PostgreSQL is installed.
"""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

DEADLINE = 60  # seconds for the server to answer


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"),
                   key=lambda p: int(p.split("/")[-2]) if p.split("/")[-2].isdigit() else 0)
    return pathlib.Path(found[-1]) if found else None


def main():
    bins = binaries()
    if bins is None:
        print("no PostgreSQL is installed")
        return 77
    who = {}
    user = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:
        user = "nobody"
        entry = pwd.getpwnam(user)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-pg-", dir="/tmp"))
    server = None
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        subprocess.run([bins / "initdb", "-D", folder / "data", "-A", "trust", "-U", "mxseal", "-N",
                        "--locale=C.UTF-8", "-E", "UTF8"], check=True, cwd=folder,
                       stdout=subprocess.DEVNULL, **who)
        log = open(folder / "log", "w")
        server = subprocess.Popen([bins / "postgres", "-D", folder / "data", "-k", folder,
                                   "-c", "listen_addresses=", "-c", "fsync=off"],
                                  stdout=log, stderr=log, cwd=folder, **who)
        until = time.monotonic() + DEADLINE
        ready = [bins / "pg_isready", "-q", "-h", folder]
        while subprocess.run(ready, check=False).returncode != 0:
            if time.monotonic() > until or server.poll() is not None:
                print((folder / "log").read_text())
                return 1
            time.sleep(0.1)
        return subprocess.run([*sys.argv[1:], f"host={folder} user=mxseal dbname=postgres"],
                              check=False).returncode
    finally:
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGINT)
            server.wait(DEADLINE)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
