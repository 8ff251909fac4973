#!/usr/bin/python3
"""What bench/reports.py compares with: report mails to figures with Python's standard library alone.

usage: bench/peer_reports.py FOLDER DATABASE      (the mails of FOLDER, one a file)

email, gzip, json and sqlite3 in one process, 100 mails a transaction, write-ahead log with full
synchronisation: each commit is on disk.  It keeps reports, policies, failures and daily figures,
each report once.  It checks nothing else: no limits, no cage, no raw copy, no trust.
"""
import email
import gzip
import json
import os
import sqlite3
import sys

BATCH = 100
TYPES = ("application/tlsrpt+gzip", "application/tlsrpt+json")
SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = full;
create table report (id integer primary key, organization text, report_id text, contact text, start text,
                     finish text, unique (organization, report_id));
create table policy (report integer, number integer, type text, domain text, strings text, mx_hosts text,
                     successful integer, failed integer, primary key (report, number)) without rowid;
create table failure (report integer, policy integer, number integer, result_type text, reason_code text,
                      sending_mta_ip text, receiving_mx text, receiving_helo text, receiving_ip text,
                      additional text, sessions integer, primary key (report, policy, number)) without rowid;
create table figure (domain text, day text, organization text, type text, mx_host text, result_type text,
                     sessions integer, primary key (domain, day, organization, type, mx_host, result_type))
                     without rowid;
"""
REPORT = "insert or ignore into report (organization, report_id, contact, start, finish) values (?, ?, ?, ?, ?)"
POLICY = "insert into policy values (?, ?, ?, ?, ?, ?, ?, ?)"
FAILURE = "insert into failure values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
FIGURE = ("insert into figure values (?, ?, ?, ?, ?, ?, ?) on conflict do update set"
          " sessions = sessions + excluded.sessions")


def reports_of(raw):
    for part in email.message_from_bytes(raw).walk():
        kind = part.get_content_type()
        if kind in TYPES:
            body = part.get_payload(decode=True)
            yield json.loads(gzip.decompress(body) if kind == TYPES[0] else body)


def store(db, report):
    organization, span = report["organization-name"], report["date-range"]
    day = span["start-datetime"][:10]
    done = db.execute(REPORT, (organization, report["report-id"], report["contact-info"],
                               span["start-datetime"], span["end-datetime"]))
    if done.rowcount == 0:
        return
    policies, failures, figures = [], [], []
    for number, item in enumerate(report["policies"]):
        policy, summary = item["policy"], item["summary"]
        domain, kind, hosts = policy["policy-domain"], policy["policy-type"], policy.get("mx-host", [])
        successful = summary["total-successful-session-count"]
        policies.append((done.lastrowid, number, kind, domain, "\n".join(policy.get("policy-string", [])),
                         "\n".join(hosts), successful, summary["total-failure-session-count"]))
        if successful:
            host = hosts[0] if len(hosts) == 1 else ""
            figures.append((domain, day, organization, kind, host, "successful", successful))
        for row, failed in enumerate(item.get("failure-details", [])):
            get, host, sessions = failed.get, failed["receiving-mx-hostname"], failed["failed-session-count"]
            failures.append((done.lastrowid, number, row, failed["result-type"], get("failure-reason-code"),
                             get("sending-mta-ip"), host, get("receiving-mx-helo"), get("receiving-ip"),
                             get("additional-information"), sessions))
            figures.append((domain, day, organization, kind, host, failed["result-type"], sessions))
    db.executemany(POLICY, policies)
    db.executemany(FAILURE, failures)
    db.executemany(FIGURE, figures)


def main():
    folder, path = sys.argv[1:3]
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(SCHEMA)
    names = sorted(os.listdir(folder))
    for first in range(0, len(names), BATCH):
        db.execute("begin immediate")
        for name in names[first:first + BATCH]:
            with open(os.path.join(folder, name), "rb") as mail:
                raw = mail.read()
            for report in reports_of(raw):
                store(db, report)
        db.execute("commit")
    print(json.dumps(dict(zip(("reports", "successful", "failed"), db.execute(
        "select (select count(*) from report), sum(successful), sum(failed) from policy").fetchone()))))


main()
