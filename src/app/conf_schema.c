#include "app/conf_schema.h"

#include <assert.h>
#include <stddef.h>

#define AT(field) offsetof(struct conf, field)

const struct conf_row conf_rows[] = {
	{ "server", "state", &conf_type_path, "/var/lib/mxseal", 0, 0, NULL,
	  "directory that holds everything the service keeps", AT(server.state) },
	{ "server", "user", &conf_type_user, "", 0, 0, NULL,
	  "user to become when started by root; unset: stay, without privileges", AT(server.user) },
	{ "server", "log", &conf_type_log, "info text", 0, 0, NULL,
	  "least level written (error, warn, info, debug), then text or json",
	  AT(server.log_level) },
	{ "server", "key_file", &conf_type_path, "", 0, 0, NULL,
	  "file with the master key; unset: master.key in the state directory, made when absent",
	  AT(server.key_file) },

	{ "listen", "tls", &conf_type_listen, "*:443", 0, 0, NULL,
	  "HTTPS for policy hosts, the report host and the admin host", AT(listen.tls) },
	{ "listen", "http", &conf_type_listen, "*:80", 0, 0, NULL, "plain HTTP for ACME challenges",
	  AT(listen.http) },
	{ "listen", "admin", &conf_type_loopback, "127.0.0.1:8000", 0, 0, NULL,
	  "the dashboard and the API in plain HTTP, on loopback only", AT(listen.admin) },

	{ "service", "host", &conf_type_host, "", 0, 0, NULL,
	  "public name of this machine, where dashboard and API are", AT(service.host) },
	{ "service", "zone", &conf_type_host, "", 0, 0, NULL,
	  "zone that customers' CNAMEs point into; unset: own domains only", AT(service.zone) },
	{ "service", "addresses", &conf_type_addresses, "", 0, 0, NULL,
	  "public addresses of this machine, for records that name them", AT(service.addresses) },
	{ "service", "ttl", &conf_type_number, "300", 30, 86400, "seconds",
	  "lifetime of the records in the service zone", AT(service.ttl) },

	{ "report", "host", &conf_type_host, "", 0, 0, NULL,
	  "host that takes reports; unset: none are taken over HTTPS", AT(report.host) },
	{ "report", "keep_unsigned", &conf_type_allowance, "50", 0, 1000000, "reports",
	  "mails without a verified signer kept a domain and day of arrival",
	  AT(report.keep_unsigned) },
	{ "report", "keep_posted", &conf_type_allowance, "200", 0, 1000000, "reports",
	  "reports by HTTPS kept a domain and day of arrival", AT(report.keep_posted) },

	{ "resolver", "forward", &conf_type_forward, "", 0, 0, NULL,
	  "resolvers to ask; unset: ask the authoritative servers", AT(resolver.forward) },
	{ "resolver", "stub", &conf_type_stub, "", 0, 0, NULL,
	  "servers of single zones, as ZONE=ADDRESS", AT(resolver.stub) },
	{ "resolver", "trust_anchor", &conf_type_anchor, "", 0, 0, NULL,
	  "file with the DNSSEC trust anchor; unset: the system's; off: no validation",
	  AT(resolver.trust_anchor) },

	{ "outgoing", "allow", &conf_type_networks, "", 0, 0, NULL,
	  "networks that may be connected to although the Internet does not route them",
	  AT(outgoing.allow) },
};
const size_t conf_row_count = ARRAY_LEN(conf_rows);

static_assert(ARRAY_LEN(conf_rows) <= CONF_SETTINGS_MAX, "struct conf holds an origin per row");

static const struct section {
	const char *name, *help;
} sections[] = {
	{ "server", "The process itself." },
	{ "listen", "Where it listens." },
	{ "service", "What it is called from outside." },
	{ "report", "How TLS reports are taken." },
	{ "resolver", "How it asks the DNS." },
	{ "outgoing", "Where it may connect to." },
};

const char *conf_section_help(const char *section)
{
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
