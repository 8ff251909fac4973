#include "service/zone_rows.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "mtasts/record.h"
#include "tlsrpt/record.h"
#include "wire/dns_rdata.h"

#define MX_PREFERENCE 10
#define TEXT_MAX 8192u

struct maker {
	struct arena *a;
	const struct zone_facts *f;
	struct dns_name origin;
	const char *domain; /* whose rows they are; "": the zone's own */
	struct zone_rows *out;
	enum err err; /* the first one; later calls do nothing */
};

static void fail(struct maker *m, enum err e)
{
	if (m->err == OK)
		m->err = e;
}

static struct dns_name wire_name(struct maker *m, const char *text)
{
	struct dns_name n = { .len = 1 };

	if (dns_name_from_text(slice_str(text), &n) != OK)
		fail(m, ERR_SYNTAX);
	return n;
}

static bool is_inside(struct maker *m, const char *text)
{
	struct dns_name n = wire_name(m, text);

	return dns_name_is_in(dns_name_slice(&n), dns_name_slice(&m->origin));
}

/* Takes the buffer's content; an empty set makes no row.  Name and type of a row are once. */
static void add_row(struct maker *m, const char *name, uint16_t type, uint32_t ttl, struct buf *set)
{
	struct zone_rows *out = m->out;

	if (buf_status(set) != OK || out->count == ZONE_ROWS_MAX)
		fail(m, ERR_LIMIT);
	for (size_t i = 0; i < out->count; i++)
		if (out->rows[i].type == type && slice_eq(out->rows[i].name, slice_str(name)))
			buf_reset(set);
	if (m->err == OK && set->len > 0)
		out->rows[out->count++] = (struct edge_record){
			.name = arena_copy(m->a, slice_str(name)),
			.type = type,
			.ttl = ttl,
			.domain = slice_str(m->domain),
			.set = arena_copy(m->a, buf_slice(set)),
		};
	buf_fini(set);
}

static void add_txt(struct maker *m, const char *name, struct slice text)
{
	struct buf set;

	buf_init(&set, DNS_SET_MAX);
	dns_set_txt(&set, text);
	add_row(m, name, DNS_TXT, m->f->ttl, &set);
}

/* One address of a list in text to the set of its family. */
static void collect(struct maker *m, struct slice text, struct buf *v4, struct buf *v6)
{
	const char *word = arena_str(m->a, text);
	unsigned char bytes[16];

	if (inet_pton(AF_INET, word, bytes) == 1)
		dns_set_address(v4, bytes, 4);
	else if (inet_pton(AF_INET6, word, bytes) == 1)
		dns_set_address(v6, bytes, 16);
	else
		fail(m, ERR_SYNTAX);
}

/* addresses: blanks between. */
static void add_addresses(struct maker *m, const char *name, uint32_t ttl, const char *addresses)
{
	struct slice rest = slice_str(addresses), word;
	struct buf v4, v6;

	buf_init(&v4, DNS_SET_MAX);
	buf_init(&v6, DNS_SET_MAX);
	while (slice_next(&rest, ' ', &word))
		if (word.len > 0)
			collect(m, word, &v4, &v6);
	add_row(m, name, DNS_A, ttl, &v4);
	add_row(m, name, DNS_AAAA, ttl, &v6);
}

/* The addresses that the list of name servers gives one name, else those of this machine. */
static const char *server_addresses(struct maker *m, const char *server)
{
	struct slice rest = slice_str(m->f->nameservers), word, name, address;
	const char *own = "";

	while (slice_next(&rest, ' ', &word))
		if (slice_cut(word, '=', &name, &address) && slice_eq_i(name, slice_str(server)))
			own = arena_printf(m->a, "%s %.*s", own, SLICE_ARGS(address));
	return own[0] == '\0' ? m->f->addresses : own;
}

static bool is_known(const char *const *list, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_i(slice_str(list[i]), name))
			return true;
	return false;
}

#define SERVERS_MAX 16u

/* Each name once, in the order of the list; without a list there is one server, in the zone. */
static size_t list_servers(struct maker *m, const char *list[SERVERS_MAX])
{
	struct slice rest = slice_str(m->f->nameservers), word, name, address;
	size_t count = 0;

	while (slice_next(&rest, ' ', &word)) {
		if (!slice_cut(word, '=', &name, &address))
			name = word;
		if (name.len == 0 || is_known(list, count, name))
			continue;
		if (count == SERVERS_MAX) {
			fail(m, ERR_LIMIT);
			break;
		}
		list[count++] = arena_str(m->a, name);
	}
	if (count == 0)
		list[count++] = arena_printf(m->a, "ns1.%s", m->f->zone);
	return count;
}

static void add_soa(struct maker *m, const char *primary)
{
	struct dns_name mname = wire_name(m, primary);
	struct dns_name rname = wire_name(m, arena_printf(m->a, "hostmaster.%s", m->f->zone));
	const struct dns_soa soa = { .mname = dns_name_slice(&mname),
		                     .rname = dns_name_slice(&rname),
		                     .refresh = ZONE_REFRESH,
		                     .retry = ZONE_RETRY,
		                     .expire = ZONE_EXPIRE,
		                     .minimum = ZONE_MINIMUM };
	struct buf set;

	buf_init(&set, DNS_SET_MAX);
	dns_set_soa(&set, &soa);
	add_row(m, m->f->zone, DNS_SOA, m->f->ttl, &set);
}

static void add_servers(struct maker *m)
{
	const char *list[SERVERS_MAX];
	size_t count = list_servers(m, list);
	struct buf set;

	add_soa(m, list[0]);
	buf_init(&set, DNS_SET_MAX);
	for (size_t i = 0; i < count; i++) {
		struct dns_name n = wire_name(m, list[i]);

		dns_set_name(&set, dns_name_slice(&n));
	}
	add_row(m, m->f->zone, DNS_NS, ZONE_SERVERS_TTL, &set);
	for (size_t i = 0; i < count; i++)
		if (is_inside(m, list[i]))
			add_addresses(m, list[i], ZONE_SERVERS_TTL, server_addresses(m, list[i]));
}

static void add_report_host(struct maker *m)
{
	const char *host = m->f->report_host;
	struct dns_name n = wire_name(m, host);
	struct buf set;

	buf_init(&set, DNS_SET_MAX);
	dns_set_mx(&set, MX_PREFERENCE, dns_name_slice(&n));
	add_row(m, host, DNS_MX, m->f->ttl, &set);
	add_addresses(m, host, m->f->ttl, m->f->addresses);
}

static int by_name(const void *x, const void *y)
{
	const struct edge_record *a = x, *b = y;
	int order = slice_cmp(a->name, b->name);

	return order != 0 ? order : (a->type > b->type) - (a->type < b->type);
}

static enum err finish(struct maker *m)
{
	qsort(m->out->rows, m->out->count, sizeof(m->out->rows[0]), by_name);
	return m->err;
}

static struct maker begin(struct arena *a, const struct zone_facts *f, const char *domain,
                          struct zone_rows *out)
{
	struct maker m = { .a = a, .f = f, .domain = domain, .out = out };

	out->count = 0;
	m.origin = wire_name(&m, f->zone);
	return m;
}

enum err zone_rows_apex(struct arena *a, const struct zone_facts *f, struct zone_rows *out)
{
	struct maker m = begin(a, f, "", out);

	add_servers(&m);
	if (f->report_host[0] != '\0' && is_inside(&m, f->report_host))
		add_report_host(&m);
	if (f->service_host[0] != '\0' && is_inside(&m, f->service_host))
		add_addresses(&m, f->service_host, f->ttl, f->addresses);
	return finish(&m);
}

static void add_id(struct maker *m, const struct domain *domain, const char *id)
{
	struct record r = { slice_str(id) };
	struct buf text;

	buf_init(&text, TEXT_MAX);
	if (record_format(&r, &text) != OK)
		fail(m, ERR_SYNTAX);
	else
		add_txt(m, records_target(m->a, domain, m->f->zone, "id"), buf_slice(&text));
	buf_fini(&text);
}

static void add_reports(struct maker *m, const struct domain *domain, const struct records *records)
{
	struct slice uris[RECORDS_RUA_MAX];
	struct buf text;

	for (size_t i = 0; i < records->rua_count; i++)
		uris[i] = slice_str(records->rua[i]);
	buf_init(&text, TEXT_MAX);
	if (tlsrpt_record_format(uris, records->rua_count, &text) != OK)
		fail(m, ERR_SYNTAX);
	else
		add_txt(m, records_target(m->a, domain, m->f->zone, "rpt"), buf_slice(&text));
	buf_fini(&text);
}

enum err zone_rows_domain(struct arena *a, const struct domain *domain, const struct zone_facts *f,
                          const char *id, const struct records *records, struct zone_rows *out)
{
	struct maker m = begin(a, f, domain->name, out);

	if (domain->hosted && domain->hosting != HOSTING_EXTERNAL)
		add_addresses(&m, records_target(a, domain, f->zone, "web"), f->ttl, f->addresses);
	if (domain->hosted && id != NULL)
		add_id(&m, domain, id);
	if (records->rua_count > 0)
		add_reports(&m, domain, records);
	return finish(&m);
}
