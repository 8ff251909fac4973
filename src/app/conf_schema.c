#include "app/conf_internal.h"

#include <assert.h>
#include <stddef.h>

#include "base/doc_page.h"
#include "store/reports.h"

#define AT(field) offsetof(struct conf, field)

const struct conf_row conf_rows[] = {
	{ .section = "server",
	  .key = "state",
	  .type = &conf_type_path,
	  .preset = "/var/lib/mxseal",
	  .help = "directory that holds everything the service keeps",
	  .details = "Databases, archived reports, the control socket and, unless key_file says "
	             "otherwise, the master key. It is made when absent; --state overrides it, and "
	             "commands are told another one by --state or MXSEAL_STATE. `mxseal backup` "
	             "copies it while the service runs; do not copy the files: they are of "
	             "different moments, and the master key may lie among them. The packaged unit "
	             "may write to /var/lib/mxseal only: give another one to its user (`sudo "
	             "install -d -o mxseal -m 755 FOLDER`), and let the unit write there: `sudo "
	             "systemctl edit mxseal`, with the lines [Service] and ReadWritePaths=FOLDER.",
	  .example = "/srv/mxseal",
	  .place = AT(server.state) },
	{ .section = "server",
	  .key = "user",
	  .type = &conf_type_user,
	  .preset = "",
	  .help = "user to become when started by root; unset: stay, without privileges",
	  .details =
	          "The sockets are bound before, so ports below 1024 need nothing else. The user "
	          "must be able to write the state directory.",
	  .example = "mxseal",
	  .place = AT(server.user) },
	{ .section = "server",
	  .key = "log",
	  .type = &conf_type_log,
	  .preset = "info text",
	  .help = "least level written (error, warn, info, debug), then text or json",
	  .details = "The log goes to standard error, one line an event. error: somebody must act. "
	             "warn: something was refused or lost. info: a finished unit of work. debug: "
	             "every change of state.",
	  .example = "warn json",
	  .place = AT(server.log_level) },
	{ .section = "server",
	  .key = "key_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "file with the master key; unset: the credential master.key of systemd, else "
	          "master.key in the state directory, made when absent",
	  .details =
	          "Leave it unset under systemd: the packaged unit passes "
	          "/etc/mxseal/master.key, which only root may read, as that credential. Another "
	          "file must be readable for the user of the service, and for nobody else. "
	          "Private keys lie sealed under it in the database: without it they are lost, "
	          "with it and a backup anybody can read them. Keep a copy apart from the "
	          "backups.",
	  .example = "/media/key/master.key",
	  .place = AT(server.key_file) },

	{ .section = "listen",
	  .key = "tls",
	  .type = &conf_type_listen,
	  .preset = "*:443",
	  .help = "HTTPS for policy hosts, the report host and the admin host",
	  .details = "Senders fetch policies from port 443 only. Another port needs something in "
	             "front that passes the TLS connections on.",
	  .example = "192.0.2.1:443 [2001:db8::1]:443",
	  .place = AT(listen.tls) },
	{ .section = "listen",
	  .key = "http",
	  .type = &conf_type_listen,
	  .preset = "*:80",
	  .help = "plain HTTP for ACME challenges",
	  .details = "Answers nothing else than challenges. Certificate authorities ask port 80 "
	             "only.",
	  .example = "192.0.2.1:80 [2001:db8::1]:80",
	  .place = AT(listen.http) },
	{ .section = "listen",
	  .key = "behind",
	  .type = &conf_type_local,
	  .preset = "off",
	  .help = "plain HTTP for a web server that ends TLS in front",
	  .details = "For policy hosts of domains with hosting behind, and for the report host and "
	             "the admin host. Only proxies that [proxy] trusted names may connect; what "
	             "others send is not read. The lines for nginx, Apache, Caddy, HAProxy and "
	             "Traefik "
	             "are in " DOC_PAGE("behind.md") ".",
	  .example = "unix:/run/mxseal/behind.sock",
	  .place = AT(listen.behind) },
	{ .section = "listen",
	  .key = "dns",
	  .type = &conf_type_named,
	  .preset = "off",
	  .help = "DNS for the service zone, UDP and TCP",
	  .details = "Resolvers ask port 53 only. Named addresses let another server, such as a "
	             "resolver on 127.0.0.1, keep the port elsewhere on the machine, and answers "
	             "leave from the address that was asked.",
	  .example = "192.0.2.1:53 [2001:db8::1]:53",
	  .place = AT(listen.dns) },
	{ .section = "listen",
	  .key = "smtp",
	  .type = &conf_type_listen,
	  .preset = "off",
	  .help = "SMTP for mail to the report addresses",
	  .details =
	          "Senders deliver to port 25 of [report] host, which is needed. Once it listens, "
	          "the records of every domain name its report address. Mail for anything else is "
	          "refused; STARTTLS is offered while [report] host has a certificate.",
	  .example = "192.0.2.1:25 [2001:db8::1]:25",
	  .place = AT(listen.smtp) },
	{ .section = "listen",
	  .key = "lmtp",
	  .type = &conf_type_local,
	  .preset = "off",
	  .help = "LMTP for a mail server that receives the reports",
	  .details =
	          "A Unix socket may be used by every user of this machine who reaches its folder; "
	          "with Debian's Postfix that is one below /var/spool/postfix.",
	  .example = "unix:/var/spool/postfix/mxseal/lmtp",
	  .place = AT(listen.lmtp) },
	{ .section = "listen",
	  .key = "admin",
	  .type = &conf_type_loopback,
	  .preset = "127.0.0.1:8000",
	  .help = "the dashboard and the API in plain HTTP, on loopback only",
	  .details = "From elsewhere: the admin host over HTTPS, or the ssh line that mxseal login "
	             "prints.",
	  .example = "[::1]:8000",
	  .place = AT(listen.admin) },

	{ .section = "proxy",
	  .key = "trusted",
	  .type = &conf_type_proxies,
	  .preset = "127.0.0.0/8 ::1 unix",
	  .help = "proxies in front whose word on their clients counts",
	  .details =
	          "Nobody else may connect to [listen] behind, and a header or preamble of anybody "
	          "else is worth nothing. Name the proxy alone, not the network it stands in.",
	  .example = "192.0.2.7 unix",
	  .place = AT(proxy.trusted) },
	{ .section = "proxy",
	  .key = "protocol",
	  .type = &conf_type_says,
	  .preset = "xff",
	  .help = "how a trusted proxy names its client",
	  .details = "With proxy each connection of a trusted proxy to tls, http and behind begins "
	             "with "
	             "that preamble, and one without it is closed. With xff each request to behind "
	             "has "
	             "the header; connections to tls and http are taken as they come.",
	  .example = "proxy",
	  .place = AT(proxy.preamble) },

	{ .section = "service",
	  .key = "host",
	  .type = &conf_type_host,
	  .preset = "",
	  .help = "public name of this machine, where dashboard and API are",
	  .details = "Needs a certificate before it is served over HTTPS.",
	  .example = "mxseal.example.net",
	  .place = AT(service.host) },
	{ .section = "service",
	  .key = "zone",
	  .type = &conf_type_host,
	  .preset = "",
	  .help = "zone that customers' CNAMEs point into; unset: own domains only",
	  .details = "With it, records are delegated once and never edited again; without it, they "
	             "are typed and the id is typed anew with each change of a policy.",
	  .example = "sts.example.net",
	  .place = AT(service.zone) },
	{ .section = "service",
	  .key = "nameservers",
	  .type = &conf_type_nameservers,
	  .preset = "",
	  .help = "name servers of the zone, as NAME or NAME=ADDRESS; unset: ns1 in the zone",
	  .details = "The same names stand in the delegation at the parent zone; the first is the "
	             "primary. A name inside the zone has the addresses given here, or those of "
	             "[service] addresses.",
	  .example = "ns1.sts.example.net ns2.sts.example.net=198.51.100.7 ns.example.org",
	  .place = AT(service.nameservers) },
	{ .section = "service",
	  .key = "secondaries",
	  .type = &conf_type_forward,
	  .preset = "",
	  .help = "other name servers of the zone: may transfer it and are notified of changes",
	  .details =
	          "They ask by AXFR and serve, and sign where they do, what they got. An address "
	          "that the Internet does not route must stand in [outgoing] allow to be notified. "
	          "At most sixteen.",
	  .example = "198.51.100.7 [2001:db8::7]:5353",
	  .place = AT(service.secondaries) },
	{ .section = "service",
	  .key = "transfer_key_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "file with the TSIG keys of the secondaries; unset: their addresses suffice",
	  .details =
	          "One key a line, as hmac-sha256:NAME:BASE64; the first one signs notifications. "
	          "Read at the start, before privileges are given up; others may not read it.",
	  .example = "/etc/mxseal/transfer.keys",
	  .place = AT(service.transfer_key_file) },
	{ .section = "service",
	  .key = "dns_rate",
	  .type = &conf_type_allowance,
	  .preset = "200",
	  .min = 0,
	  .max = 1000000,
	  .unit = "answers a second",
	  .help = "DNS answers by UDP to one network for one question; off: not limited",
	  .details = "Keeps the server from being used to flood others. Above it every second "
	             "answer says to ask again by TCP, which is not limited. IPv4 networks are "
	             "/24, IPv6 networks /56; each edge process counts for itself.",
	  .example = "off",
	  .place = AT(service.dns_rate) },
	{ .section = "service",
	  .key = "addresses",
	  .type = &conf_type_addresses,
	  .preset = "",
	  .help = "public addresses of this machine, for records that name them",
	  .details = "What mxseal records prints as the address of a policy host.",
	  .example = "192.0.2.1 2001:db8::1",
	  .place = AT(service.addresses) },
	{ .section = "service",
	  .key = "ttl",
	  .type = &conf_type_number,
	  .preset = "300",
	  .min = 30,
	  .max = 86400,
	  .unit = "seconds",
	  .help = "lifetime of the records in the service zone",
	  .details = "A longer one delays what senders see after a change by as much.",
	  .example = "600",
	  .place = AT(service.ttl) },

	{ .section = "report",
	  .key = "host",
	  .type = &conf_type_host,
	  .preset = "",
	  .help = "host that takes reports; unset: none are taken over HTTPS and SMTP",
	  .details = "Needs a certificate before it is served over HTTPS and offers STARTTLS. "
	             "Published "
	             "in the rua of every hosted domain; must differ from [service] host.",
	  .example = "reports.example.net",
	  .place = AT(report.host) },
	{ .section = "report",
	  .key = "keep_unsigned",
	  .type = &conf_type_allowance,
	  .preset = "50",
	  .min = 0,
	  .max = 1000000,
	  .unit = "reports",
	  .help = "mails without a verified signer kept a domain and day of arrival",
	  .details =
	          "Bounds what a stranger can make the service store. Unsigned reports are shown "
	          "apart and do not count in the figures.",
	  .example = "off",
	  .place = AT(report.keep_unsigned) },
	{ .section = "report",
	  .key = "keep_posted",
	  .type = &conf_type_allowance,
	  .preset = "200",
	  .min = 0,
	  .max = 1000000,
	  .unit = "reports",
	  .help = "reports by HTTPS kept a domain and day of arrival",
	  .details =
	          "Bounds what somebody who knows a report address can make the service store. "
	          "One that is larger counts for as many as it has mebibytes, here and for mails; "
	          "a sender above the number is asked to come again tomorrow.",
	  .example = "1000",
	  .place = AT(report.keep_posted) },
	{ .section = "report",
	  .key = "strict_dkim",
	  .type = &conf_type_yes,
	  .preset = "no",
	  .help = "yes: believe a mail only when its signer is the submitter itself",
	  .details = "The d= of the signature must then equal the domains of From and of the "
	             "submitter, "
	             "and the key in DNS must be for TLS reports (s=tlsrpt or no s=). Hardly any "
	             "sender "
	             "keeps to that; otherwise one organisation's domains count as one.",
	  .example = "yes",
	  .place = AT(report.strict_dkim) },
	{ .section = "report",
	  .key = "keep_quarantine",
	  .type = &conf_type_number,
	  .preset = "90",
	  .min = 1,
	  .max = 36500,
	  .unit = "days",
	  .help = "how long messages that could not be read as a report are listed",
	  .details = "mxseal report quarantine lists them, and each newer version of mxseal reads "
	             "them again.",
	  .example = "365",
	  .place = AT(report.keep_quarantine) },
	{ .section = "report",
	  .key = "keep_raw",
	  .type = &conf_type_days,
	  .preset = "400",
	  .min = 1,
	  .max = 36500,
	  .unit = "days",
	  .help = "how long the bytes of reports and mails are kept",
	  .details =
	          "Whole days of arrival go, once a day, with the signatures of mails. What was "
	          "read from them stays: reports as long as keep_reports says, figures for ever.",
	  .example = "unlimited",
	  .place = AT(report.keep_raw) },
	{ .section = "report",
	  .key = "keep_reports",
	  .type = &conf_type_days,
	  .preset = "400",
	  .min = REPORTS_KEEP_MIN,
	  .max = 36500,
	  .unit = "days",
	  .help = "how long single reports, with their failures, are kept",
	  .details =
	          "Counted from their arrival; the daily figures of them are kept for ever. Once "
	          "reports of a day are gone, others of that domain and day count as known.",
	  .example = "unlimited",
	  .place = AT(report.keep_reports) },

	{ .section = "report",
	  .key = "watch",
	  .type = &conf_type_paths,
	  .preset = "",
	  .help = "folders, Maildirs and mbox files in which reports appear",
	  .details =
	          "Read again and again, and left as they are; mxseal report ways shows how each "
	          "fares. Mails in them are believed as far as their signature goes; a report file "
	          "(.json, .gz, .zip) as one that was imported, so that only those you trust "
	          "should be able to write there.",
	  .example = "/var/mail/tls-reports /srv/reports",
	  .place = AT(report.watch) },

	{ .section = "acme",
	  .key = "accept_terms",
	  .type = &conf_type_yes,
	  .preset = "no",
	  .help = "yes: order certificates, agreeing to the terms of the authority",
	  .details = "Until then no authority is asked for anything, and certificates come from "
	             "mxseal cert import. The terms are named in the authority's directory.",
	  .example = "yes",
	  .place = AT(acme.accept_terms) },
	{ .section = "acme",
	  .key = "directory",
	  .type = &conf_type_url,
	  .preset = "https://acme-v02.api.letsencrypt.org/directory",
	  .help = "ACME directory of the certificate authority",
	  .details = "Another one starts with a new account; certificates in use stay until they "
	             "are renewed.",
	  .example = "https://acme-staging-v02.api.letsencrypt.org/directory",
	  .place = AT(acme.directory) },
	{ .section = "acme",
	  .key = "ca_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "roots that the authority's own HTTPS is verified with; unset: the system's",
	  .details = "For an authority of your own.",
	  .example = "/etc/mxseal/acme-root.pem",
	  .place = AT(acme.ca_file) },
	{ .section = "acme",
	  .key = "email",
	  .type = &conf_type_mail,
	  .preset = "",
	  .help = "contact of the account",
	  .details = "Some authorities write there about faults of theirs; mxseal does not.",
	  .example = "hostmaster@example.net",
	  .place = AT(acme.email) },
	{ .section = "acme",
	  .key = "eab_kid",
	  .type = &conf_type_word,
	  .preset = "",
	  .help = "key identifier of an account that the authority knows you by already",
	  .details = "External account binding; with eab_key_file.",
	  .example = "kid-1",
	  .place = AT(acme.eab_kid) },
	{ .section = "acme",
	  .key = "eab_key_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "file with the key that belongs to eab_kid, in base64url",
	  .example = "/etc/mxseal/eab.key",
	  .place = AT(acme.eab_key_file) },
	{ .section = "acme",
	  .key = "orders",
	  .type = &conf_type_number,
	  .preset = "300",
	  .min = 3,
	  .max = 1000000,
	  .unit = "orders",
	  .help = "orders placed within three hours at most; a third is kept for renewals",
	  .details =
	          "The default is what Let's Encrypt allows an account. With several tenants one "
	          "alone gets half of what is for new names.",
	  .example = "3000",
	  .place = AT(acme.orders) },

	{ .section = "dns",
	  .key = "update_server",
	  .type = &conf_type_server,
	  .preset = "",
	  .help = "server that takes changes of customers' zones (RFC 2136); unset: the primary "
	          "that the zone's SOA record names",
	  .details = "For domains whose records are published by the way update. An address that "
	             "the Internet does not route must stand in [outgoing] allow.",
	  .example = "192.0.2.53:5353",
	  .place = AT(dns.update_server) },
	{ .section = "dns",
	  .key = "tsig_name",
	  .type = &conf_type_host,
	  .preset = "",
	  .help = "name of the key that signs changes; unset: the first in tsig_file",
	  .example = "mxseal.example.net",
	  .place = AT(dns.tsig_name) },
	{ .section = "dns",
	  .key = "tsig_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "file with the key that signs changes; unset: they are not signed",
	  .details =
	          "As tsig-keygen writes it, or hmac-sha256:NAME:BASE64, or the secret alone in "
	          "base64 with tsig_name beside it. Read at the start, before privileges are given "
	          "up; others may not read it.",
	  .example = "/etc/mxseal/update.key",
	  .place = AT(dns.tsig_file) },
	{ .section = "dns",
	  .key = "update_command",
	  .type = &conf_type_command,
	  .preset = "",
	  .help = "command that makes a change instead: gets it as one JSON object on its input",
	  .details =
	          "For providers with an interface of their own; packaging/hooks has some ready. "
	          "Exit 0: done. Exit 5: something else than \"expect\" is there, nothing was "
	          "changed. Any other: not done, the first line of its error output says why.",
	  .example = "/usr/share/mxseal/hooks/dns-nsupdate",
	  .place = AT(dns.update_command) },

	{ .section = "alert",
	  .key = "to",
	  .type = &conf_type_mail,
	  .preset = "",
	  .help = "who is mailed about what needs a person; unset: nobody, unless command is set",
	  .details =
	          "A certificate that will not last, a policy that senders cannot fetch, an MX "
	          "host "
	          "that it does not match, a record to be typed, reports that stopped: each is "
	          "said "
	          "once, once more when it gets worse, and when it is over. Take an address whose "
	          "domain is not among those that are watched.",
	  .example = "postmaster@example.net",
	  .place = AT(alert.to) },
	{ .section = "alert",
	  .key = "command",
	  .type = &conf_type_command,
	  .preset = "",
	  .help = "command that gets each mail on its input; unset: sendmail -t where there is one",
	  .details =
	          "Exit 0: it is said. Any other, or longer than a minute: it is tried again, at "
	          "last every half hour; the first line of its error output goes to the log. A "
	          "service that systemd starts may not run Postfix's sendmail, which is setgid: "
	          "packaging/hooks has alert-smtp, which is taken then where it is installed. "
	          "mxseal alert test shows whether it works.",
	  .example = "/usr/share/mxseal/hooks/alert-smtp 127.0.0.1:25",
	  .place = AT(alert.command) },

	{ .section = "resolver",
	  .key = "forward",
	  .type = &conf_type_forward,
	  .preset = "",
	  .help = "resolvers to ask; unset: ask the authoritative servers",
	  .details =
	          "For networks that let only their own resolver out. Answers are validated here "
	          "all the same.",
	  .example = "192.0.2.53 192.0.2.54:5353",
	  .place = AT(resolver.forward) },
	{ .section = "resolver",
	  .key = "stub",
	  .type = &conf_type_stub,
	  .preset = "",
	  .help = "servers of single zones, as ZONE=ADDRESS",
	  .details =
	          "For zones that the public DNS does not delegate, such as those of a laboratory.",
	  .example = "corp.example=10.0.0.53",
	  .place = AT(resolver.stub) },
	{ .section = "resolver",
	  .key = "trust_anchor",
	  .type = &conf_type_anchor,
	  .preset = "",
	  .help = "file with the DNSSEC trust anchor; unset: the system's; off: no validation",
	  .example = "/etc/mxseal/root.key",
	  .place = AT(resolver.trust_anchor) },

	{ .section = "outgoing",
	  .key = "allow",
	  .type = &conf_type_networks,
	  .preset = "",
	  .help = "networks that may be connected to although the Internet does not route them",
	  .details =
	          "Every connection that the service opens is refused to private, loopback and "
	          "other special addresses, whatever a name resolves to. Name here only networks "
	          "with your own resolvers or web servers.",
	  .example = "10.0.0.0/8 fd00::/8",
	  .place = AT(outgoing.allow) },
	{ .section = "outgoing",
	  .key = "ca_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "roots that policy hosts are verified with from outside; unset: the system's",
	  .details = "For a laboratory with an authority of its own: senders on the Internet know "
	             "the public ones only.",
	  .example = "/etc/mxseal/lab-root.pem",
	  .place = AT(outgoing.ca_file) },
};
const size_t conf_row_count = ARRAY_LEN(conf_rows);

static_assert(ARRAY_LEN(conf_rows) <= CONF_SETTINGS_MAX, "struct conf holds an origin per row");

static const struct section {
	const char *name, *help;
} sections[] = {
	{ "server", "The process itself." },
	{ "listen", "Where it listens." },
	{ "proxy", "What stands in front of it." },
	{ "service", "What it is called from outside." },
	{ "report", "How TLS reports are taken." },
	{ "acme", "Where certificates are ordered." },
	{ "dns", "How it writes records into zones that are served elsewhere." },
	{ "alert", "Who is told of what needs a person." },
	{ "resolver", "How it asks the DNS." },
	{ "imap", "A mailbox that is polled for reports; NAME is any word, and there may be "
	          "several." },
	{ "outgoing", "Where it may connect to." },
};

const char *conf_section_help(const char *section)
{
	struct slice name;

	if (conf_mailbox_name(section, &name))
		section = "imap";
	else if (strcmp(section, "imap") == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (strcmp(sections[i].name, section) == 0)
			return sections[i].help;
	return NULL;
}

const struct conf_row *conf_row_find(const char *section, const char *key)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (strcmp(conf_rows[i].section, section) == 0 &&
		    strcmp(conf_rows[i].key, key) == 0)
			return &conf_rows[i];
	return NULL;
}
