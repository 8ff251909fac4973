#!/usr/bin/python3
"""Server CPU per policy fetch beside nginx's, each on one core, in interleaved rounds.

usage: bench/fetches.py STSLOAD MKCERTS [-b MXSEAL] [-n DOMAINS] [-r ROUNDS] [-t SECONDS] [-s SECONDS] [-w VERSION]

STSLOAD fetches policies as senders do, each with a full handshake on a connection of its own, and prints one line of
JSON; MKCERTS makes a CA and a certificate for mta-sts.dNNNNN.example of each domain. nginx has one worker, no access log
and one server block a domain that returns the text from memory; mxseal is the whole service with one edge, all of whose
processes count. Both have the same keys, chains and groups. The median of the ratios of all rounds is what counts.
No name server answers mxseal, so that each domain is looked after again and again; what the edge alone spent is shown, too.
(default build/mxseal, 10000 domains, 9 rounds of 5 seconds, begun 60 seconds after the import)
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

MXSEAL_PORT, NGINX_PORT = 39443, 39444
SERVER_CORE, CLIENT_CORE = "0", "1"
TURNS = 5  # of each server in a round

MXSEAL = """
[server]
state = {dir}/state
[listen]
tls = 127.0.0.1:{port}
http = off
smtp = off
dns = off
admin = 127.0.0.1:39000
[service]
host = service.example
[resolver]
forward = 127.0.0.1@9
trust_anchor = off
[outgoing]
allow = 127.0.0.0/8
ca_file = {dir}/certs/ca.crt
"""

NGINX = """
daemon off;
master_process on;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_names_hash_max_size 65536;
    server_names_hash_bucket_size 128;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ecdh_curve X25519:prime256v1:secp384r1;
    {tickets}
    {servers}
}}
"""
BLOCK = """
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name mta-sts.{domain};
        ssl_certificate {dir}/certs/certs/mta-sts.{domain}.crt;
        ssl_certificate_key {dir}/certs/certs/mta-sts.{domain}.key;
        location = /.well-known/mta-sts.txt {{
            default_type text/plain;
            return 200 "version: STSv1\\r\\nmode: testing\\r\\nmx: mx.{domain}\\r\\nmax_age: 86400\\r\\n";
        }}
    }}"""


def mxseal(binary, folder, domains):
    """The service with all domains and certificates; its process."""
    config = folder / "mxseal.conf"
    config.write_text(MXSEAL.format(dir=folder, port=MXSEAL_PORT))
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, binary, "serve", "--config", config, "--edges", "1"],
                               stdout=subprocess.DEVNULL, stderr=open(folder / "mxseal.log", "wb"))
    while subprocess.run([binary, "domain", "list", "--state", folder / "state"], capture_output=True, check=False).returncode:
        time.sleep(0.1)
    rows = folder / "domains.csv"
    rows.write_text("domain,mode,max_age,mx\n" + "".join(f"{d},testing,86400,mx.{d}\n" for d in domains))
    for words in (["domain", "import", rows], ["cert", "import", folder / "certs/certs"]):
        started = time.monotonic()
        subprocess.run([binary, *words, "--state", folder / "state", "--json"], check=True, stdout=subprocess.DEVNULL)
        print(f"{words[0]} import: {len(domains)} in {time.monotonic() - started:.1f} s", flush=True)
    return process


def nginx(folder, domains, tickets):
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(dir=folder, tickets="" if tickets else "ssl_session_tickets off;",
                                   servers="".join(BLOCK.format(port=NGINX_PORT, domain=d, dir=folder) for d in domains)))
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, "/usr/sbin/nginx", "-c", config, "-e", folder / "nginx.log"])
    while not (folder / "nginx.pid").exists() or not (folder / "nginx.pid").read_text():
        time.sleep(0.1)
    return process


def cpu_seconds(parent):
    """Processor time of the service's edge and of all its processes so far."""
    edge = whole = 0
    waiting = [str(parent)]
    while waiting:
        pid = pathlib.Path("/proc", waiting.pop())
        waiting += (pid / "task" / pid.name / "children").read_text().split()
        fields = (pid / "stat").read_text().rsplit(")", 1)[1].split()
        spent = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        whole += spent
        edge += spent if b"--role=edge" in (pid / "cmdline").read_bytes() else 0
    return edge, whole


def measure(args, folder, port, pid, seconds):
    """What stsload tells: srv_cpu_us is microseconds of server CPU a fetch."""
    done = subprocess.run(["taskset", "-c", CLIENT_CORE, args.stsload, "-f", folder / "certs/names.txt", "-p", str(port), "-t", str(seconds),
                           "-P", str(pid), "-A", folder / "certs/ca.crt", "-V", args.w, "-J"], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    if told["errors"]:
        raise SystemExit(f"port {port}: {told}")
    return told


def one_round(args, folder, servers):
    """Microseconds a fetch, ours and nginx's: in short turns, since a machine's pace changes within seconds."""
    spent = {name: [0, 0] for name, _, _ in servers}
    for _ in range(TURNS):
        for name, port, pid in servers:
            told = measure(args, folder, port, pid, args.t / TURNS)
            spent[name][0] += told["srv_cpu_s"] * 1e6
            spent[name][1] += told["ok"]
    return [cpu / fetches for cpu, fetches in (spent["mxseal"], spent["nginx"])]


def rounds(args, folder, servers):
    service = servers[0][2]
    for _, port, pid in servers:  # what is read once is read before
        measure(args, folder, port, pid, args.t + len(list((folder / "certs/certs").iterdir())) // 1000)
    time.sleep(args.s)
    ratios = []
    for turn in range(args.r):
        began = cpu_seconds(service)
        ours, theirs = one_round(args, folder, servers if turn % 2 else servers[::-1])
        edge, whole = (now - then for now, then in zip(cpu_seconds(service), began))
        ratios.append(ours / theirs)
        print(f"mxseal {ours:.1f} us (its edge {edge / whole:.1%}), nginx {theirs:.1f} us, ratio {ratios[-1]:.3f}", flush=True)
    print(f"median ratio of {len(ratios)} rounds: {statistics.median(ratios):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stsload")
    parser.add_argument("mkcerts")
    parser.add_argument("-b", default="build/mxseal")
    parser.add_argument("-n", type=int, default=10000)
    parser.add_argument("-r", type=int, default=9)
    parser.add_argument("-t", type=int, default=5)
    parser.add_argument("-s", type=int, default=60, help="seconds between the import and the first round")
    parser.add_argument("-w", default="1.3", help="version of TLS")
    parser.add_argument("--no-tickets", action="store_true", help="nginx without session tickets, too")
    args = parser.parse_args()
    binary = pathlib.Path(args.b).resolve()
    domains = [f"d{n:05}.example" for n in range(args.n)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([args.mkcerts, "-n", str(args.n), "-o", folder / "certs"], check=True, stdout=subprocess.DEVNULL)
        processes = []
        try:
            processes.append(mxseal(binary, folder, domains))
            processes.append(nginx(folder, domains, not args.no_tickets))
            rounds(args, folder, [("mxseal", MXSEAL_PORT, processes[0].pid), ("nginx", NGINX_PORT, processes[1].pid)])
        finally:
            for process in processes:
                process.terminate()
                process.wait(60)


main()
