#include "service/push.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "mtasts/record.h"
#include "net/authority.h"
#include "net/clock.h"
#include "net/dns_call.h"
#include "service/acme_plan.h"
#include "service/hook.h"
#include "service/leaving.h"
#include "service/publish.h"
#include "service/push_plan.h"
#include "service/record_check.h"
#include "service/records.h"
#include "wire/dns_tsig.h"
#include "wire/dns_update.h"

#define DNS_PORT 53u
#define ASK_MS 5000u
#define CALL_MS 10000u
#define HOOK_MS 60000u
#define HOOK_CHANGED 5 /* its exit status when somebody else was faster */
#define AGAIN_S 3600   /* what is as it should be is looked at so often */
#define WAIT_S 60      /* what is not to be there yet */
#define MESSAGE_MAX 16384u
#define TEXT_MAX 8192u
#define TYPES_MAX 3u

/* One record on its way. */
struct push {
	struct desk *d;
	const struct push_conf *conf;
	struct arena *a;
	int64_t now;
	const atomic_bool *stop;
	struct push_row *row;
	struct domain domain;
	struct publication p;      /* whose id it is, for RECORD_ID */
	const char *name;          /* where the records lie */
	const char *before, *kept; /* as struct push_facts */
	struct push_set want, have;
	struct authority_asker who;
	struct authority_zone zone;
	struct dial_addr server; /* for requests */
	bool written;            /* something is another way there now */
	const char *why;         /* of a failure */
};

bool push_is_possible(const struct push_conf *c)
{
	return c->command[0] != '\0' || c->server[0] != '\0' || c->key != NULL;
}

static enum err say(struct push *k, enum err e, const char *why)
{
	k->why = why;
	return e;
}

static const uint16_t *types_of(enum domain_record record, size_t *count)
{
	static const uint16_t host[TYPES_MAX] = { DNS_A, DNS_AAAA, DNS_CNAME };
	static const uint16_t text[] = { DNS_TXT, DNS_CNAME };

	*count = record == RECORD_HOST ? ARRAY_LEN(host) : ARRAY_LEN(text);
	return record == RECORD_HOST ? host : text;
}

static uint16_t type_of(const char *word)
{
	return strcmp(word, "A") == 0      ? DNS_A
	       : strcmp(word, "AAAA") == 0 ? DNS_AAAA
	       : strcmp(word, "TXT") == 0  ? DNS_TXT
	                                   : DNS_CNAME;
}

/* The lines of `records` that this row stands for.  ERR_AGAIN: there is nothing to put there. */
static enum err find_want(struct push *k)
{
	static const char *const purposes[] = { "policy-host", "policy-id", "reports" };
	struct records *r = arena_alloc(k->a, sizeof(*r));
	enum err e = records_read(k->d, &k->domain, k->now, k->a, r);

	for (size_t i = 0; e == OK && i < r->count; i++) {
		const struct record_row *row = &r->rows[i];
		if (strcmp(row->purpose, purposes[k->row->record]) != 0)
			continue;
		k->name = row->name;
		if (row->value == NULL || (k->row->record == RECORD_REPORTS && r->rua_count == 0))
			return say(k, ERR_AGAIN, row->mistake != NULL ? row->mistake : "");
		e = push_add_text(k->a, type_of(row->type), row->ttl, row->value, &k->want);
	}
	if (e != OK)
		return say(k, ERR_IO, "what is to be published cannot be read");
	return k->want.count == 0 ? say(k, ERR_AGAIN, "") : OK;
}

/* Every id that was ever given out for the domain is ours. */
static enum err add_history(struct push *k)
{
	struct publication *list = NULL;
	size_t count = 0;
	enum err e = policies_history(k->d->db, k->domain.id, k->a, &list, &count);

	for (size_t i = 0; e == OK && i < count; i++) {
		struct record record = { slice_str(list[i].policy_id) };
		struct buf b;

		buf_init(&b, TEXT_MAX);
		e = record_format(&record, &b);
		k->before = arena_printf(k->a, "%s\nTXT %.*s", k->before, (int)b.len, b.p);
		buf_fini(&b);
	}
	if (e == OK)
		e = policies_answered(k->d->db, k->domain.id, k->now, k->a, &k->p);
	return e;
}

/* Of a domain that leaves: whether the day of this record has come.  ERR_AGAIN: it is gone. */
static enum err find_leaving(struct push *k, bool *goes)
{
	static const size_t places[RECORD_COUNT] = {
		[RECORD_ID] = 0, [RECORD_REPORTS] = 1, [RECORD_HOST] = 2
	};
	const struct leaving_record *r;
	struct leaving l;
	enum err e = leaving_read(k->d, &k->domain, k->now, k->a, &l);

	*goes = false;
	if (e != OK || !l.leaving)
		return e;
	r = &l.records[places[k->row->record]];
	*goes = r->may_go != HORIZON_OPEN && r->may_go <= k->now;
	k->name = r->name;
	return *goes && k->row->content[0] == '\0' ? say(k, ERR_AGAIN, "") : OK;
}

static enum err find_kept(struct push *k)
{
	struct check check;
	enum err e = checks_get(k->d->db, k->domain.id, k->a, &check);

	/* A list that somebody set has no addresses but its own. */
	k->kept = e == OK && k->domain.rua[0] == '\0' ? check.rua_kept : "";
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_all(struct push *k)
{
	bool goes = false;
	enum err e = domains_by_id(k->d->db, k->row->domain, k->a, &k->domain);

	k->before = k->row->content;
	if (e == OK)
		e = find_kept(k);
	if (e == OK)
		e = find_leaving(k, &goes);
	if (e == OK && !goes)
		e = find_want(k);
	return e == OK && k->row->record == RECORD_ID ? add_history(k) : e;
}

static enum err read_wanted(struct push *k)
{
	desk_lock(k->d);
	enum err e = read_all(k);
	desk_unlock(k->d);
	if (e == ERR_NOTFOUND)
		return say(k, ERR_AGAIN, "");
	return e == OK || e == ERR_AGAIN ? e : say(k, ERR_IO, "the database cannot be used");
}

static enum err find_zone(struct push *k)
{
	k->who = (struct authority_asker){ k->d->resolver, k->d->rules, k->a, ASK_MS };
	authority_find(&k->who, k->domain.name, &k->zone);
	if (k->zone.state != DNS_FOUND)
		return say(k, ERR_UNAVAILABLE,
		           arena_printf(k->a, "the zone of %s cannot be found: %s", k->domain.name,
		                        k->zone.why));
	return OK;
}

/* RFC 2136, 3.1: changes go to the primary, which the SOA record names. */
static enum err find_primary(struct push *k)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct authority_query *list = arena_calloc(k->a, AUTHORITY_SERVERS_MAX, sizeof(*list));
	char name[RESOLVER_NAME_SIZE] = "";
	bool found = false;

	authority_look(&k->who, &k->zone, k->zone.name, DNS_SOA, list);
	for (size_t i = 0; i < k->zone.count && !found; i++)
		found = list[i].reply.state == AUTHORITY_FOUND && list[i].reply.count > 0 &&
		        dns_rdata_name(list[i].reply.rdata[0], name) == OK;
	for (size_t i = 0; found && i < ARRAY_LEN(types); i++) {
		struct dns_answer answer;
		resolver_ask(k->d->resolver, k->a, name, types[i], ASK_MS, &answer);
		for (size_t n = 0; n < answer.count; n++)
			if (dial_addr_of(answer.rdata[n], DNS_PORT, &k->server) == OK)
				return OK;
	}
	return say(k, ERR_UNAVAILABLE,
	           arena_printf(k->a,
	                        "the primary server of %s cannot be found: set [dns] "
	                        "update_server",
	                        k->zone.name));
}

static enum err find_server(struct push *k)
{
	if (k->conf->command[0] != '\0')
		return OK;
	if (k->conf->server[0] == '\0')
		return find_primary(k);
	return dial_addr_parse(slice_str(k->conf->server), DNS_PORT, &k->server) == OK
	               ? OK
	               : say(k, ERR_IO, "[dns] update_server is no address");
}

static enum err take_reply(struct push *k, uint16_t type, const struct authority_reply *r)
{
	enum err e = OK;

	if (r->state == AUTHORITY_FOUND && r->cname != NULL && type == DNS_CNAME && r->count == 0)
		return push_add_text(k->a, DNS_CNAME, r->cname_ttl, r->cname, &k->have);
	for (size_t i = 0; e == OK && r->state == AUTHORITY_FOUND && i < r->count; i++)
		e = push_add_rdata(k->a, type, r->ttl, r->rdata[i], &k->have);
	return e == OK ? OK : say(k, ERR_UNAVAILABLE, "what is there now cannot be read");
}

static bool is_answer(const struct authority_reply *r)
{
	return r->state == AUTHORITY_FOUND || r->state == AUTHORITY_NODATA ||
	       r->state == AUTHORITY_NAME_ERROR;
}

/* What is there now, from the server that will be changed; a command has one behind it that the
 * zone's own servers follow. */
static enum err look_type(struct push *k, uint16_t type)
{
	struct authority_query *list = arena_calloc(k->a, AUTHORITY_SERVERS_MAX, sizeof(*list));
	struct authority_server primary = { "the primary", k->server };
	size_t count = 1;

	if (k->conf->command[0] != '\0') {
		authority_look(&k->who, &k->zone, k->name, (enum dns_type)type, list);
		count = k->zone.count;
	} else {
		list[0] = (struct authority_query){ .server = &primary,
			                            .name = k->name,
			                            .type = (enum dns_type)type };
		authority_ask(&k->who, list, 1);
	}
	for (size_t i = 0; i < count; i++)
		if (is_answer(&list[i].reply))
			return take_reply(k, type, &list[i].reply);
	return say(k, ERR_UNAVAILABLE,
	           arena_printf(k->a, "no server says what is at %s: %s", k->name,
	                        count > 0 && list[0].reply.why != NULL ? list[0].reply.why
	                                                               : "no answer"));
}

static enum err look(struct push *k)
{
	size_t count;
	const uint16_t *types = types_of(k->row->record, &count);
	enum err e = find_zone(k);

	if (e == OK)
		e = find_server(k);
	for (size_t i = 0; e == OK && i < count; i++)
		e = look_type(k, types[i]);
	return e;
}

/* Prerequisites: each type is as it was just seen, or absent. */
static size_t fill_rows(struct push *k, const struct push_plan *plan, struct slice name,
                        struct dns_update_row *rows)
{
	size_t types, n = 0;
	const uint16_t *list = types_of(k->row->record, &types);

	for (size_t t = 0; t < types; t++) {
		size_t before = n;
		for (size_t i = 0; i < k->have.count; i++)
			if (k->have.list[i].type == list[t])
				rows[n++] = (struct dns_update_row){ DNS_UPDATE_SAME, name, list[t],
					                             0, k->have.list[i].rdata };
		if (n == before)
			rows[n++] = (struct dns_update_row){ .kind = DNS_UPDATE_ABSENT,
				                             .name = name,
				                             .type = list[t] };
	}
	for (size_t i = 0; i < plan->drop.count; i++)
		rows[n++] = (struct dns_update_row){ DNS_UPDATE_DROP, name, plan->drop.list[i].type,
			                             0, plan->drop.list[i].rdata };
	for (size_t i = 0; i < plan->add.count; i++)
		rows[n++] =
		        (struct dns_update_row){ DNS_UPDATE_ADD, name, plan->add.list[i].type,
			                         plan->add.list[i].ttl, plan->add.list[i].rdata };
	return n;
}

static enum err judge(struct push *k, unsigned rcode)
{
	static const struct {
		unsigned rcode;
		const char *words;
	} rows[] = {
		{ DNS_FORMERR, "the primary does not understand the request (FORMERR)" },
		{ DNS_SERVFAIL, "the primary failed (SERVFAIL)" },
		{ DNS_NOTIMP, "the primary takes no updates (NOTIMP)" },
		{ DNS_REFUSED, "the primary refuses updates (REFUSED): allow the key of [dns] to "
		               "update this zone" },
		{ DNS_NOTAUTH, "the primary does not take the signature, or is not the zone's "
		               "(NOTAUTH): compare [dns] tsig_name and tsig_file, and the clocks" },
		{ DNS_NOTZONE, "the name lies in another zone of the primary (NOTZONE)" },
	};

	if (rcode == DNS_NOERROR)
		return OK;
	if (rcode == DNS_YXDOMAIN || rcode == DNS_YXRRSET || rcode == DNS_NXRRSET ||
	    rcode == DNS_NAME_ERROR)
		return say(k, ERR_CONFLICT, "somebody else changed the record at the same time");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].rcode == rcode)
			return say(k, ERR_UNAVAILABLE, rows[i].words);
	return say(k, ERR_UNAVAILABLE,
	           arena_printf(k->a, "the primary answers with code %u", rcode));
}

/* A refusal may come unsigned (RFC 8945, 5.2); a success may not. */
static enum err read_answer(struct push *k, struct slice m, uint16_t id, struct dns_tsig *t)
{
	unsigned flags, rcode;

	if (m.len < DNS_HEADER_SIZE || dns_get16(m.p) != id ||
	    ((flags = dns_get16(m.p + 2)) & DNS_FLAG_QR) == 0)
		return say(k, ERR_CLOSED, "the primary's answer makes no sense");
	rcode = flags & 0xfu;
	if (rcode != DNS_NOERROR || t == NULL)
		return judge(k, rcode);
	return dns_tsig_check_answer(m, t, clock_now_s()) == OK
	               ? OK
	               : say(k, ERR_CLOSED, "the primary's answer is not signed as it should be");
}

static enum err send_request(struct push *k, unsigned char *message, size_t len, uint16_t id,
                             struct dns_tsig *t)
{
	struct diag diag = { .why = "" };
	struct buf answer;
	enum err e;

	buf_init(&answer, DNS_MESSAGE_MAX);
	e = dns_call(k->d->rules, &k->server, slice_of(message, len), CALL_MS, &answer, &diag);
	if (e != OK)
		(void)say(k, e,
		          arena_printf(k->a, "the primary server was not asked: %s", diag.why));
	else
		e = read_answer(k, buf_slice(&answer), id, t);
	buf_fini(&answer);
	return e;
}

static enum err request(struct push *k, const struct push_plan *plan)
{
	/* What is there, what goes, what comes, and a row for each type that is absent. */
	struct dns_update_row *rows =
	        arena_calloc(k->a, 3 * PUSH_RECORDS_MAX + TYPES_MAX, sizeof(*rows));
	unsigned char *message = arena_alloc(k->a, MESSAGE_MAX);
	struct dns_name name, zone;
	struct dns_tsig tsig;
	struct slice out;
	uint16_t id;
	size_t len;

	randombytes_buf(&id, sizeof(id));
	if (dns_name_from_text(slice_str(k->name), &name) != OK ||
	    dns_name_from_text(slice_str(k->zone.name), &zone) != OK ||
	    dns_update_write(message, MESSAGE_MAX, id, dns_name_slice(&zone), rows,
	                     fill_rows(k, plan, dns_name_slice(&name), rows), &out) != OK)
		return say(k, ERR_UNAVAILABLE, "the change is too long for one request");
	len = out.len;
	if (k->conf->key != NULL) {
		dns_tsig_begin(k->conf->key, id, &tsig);
		if (dns_tsig_sign(&tsig, message, len, MESSAGE_MAX, clock_now_s(), &len) != OK)
			return say(k, ERR_UNAVAILABLE, "the request cannot be signed");
	}
	return send_request(k, message, len, id, k->conf->key == NULL ? NULL : &tsig);
}

static json_t *set_json(const struct push_set *set)
{
	static const struct {
		uint16_t type;
		const char *name;
	} names[] = {
		{ DNS_A, "A" }, { DNS_AAAA, "AAAA" }, { DNS_CNAME, "CNAME" }, { DNS_TXT, "TXT" }
	};
	json_t *out = json_array();

	for (size_t i = 0; i < set->count; i++)
		for (size_t n = 0; n < ARRAY_LEN(names); n++)
			if (names[n].type == set->list[i].type) /* fails for lack of memory only */
				(void)json_array_append_new(
				        out,
				        json_pack("{s:s, s:s%}", "type", names[n].name, "value",
				                  set->list[i].value, strlen(set->list[i].value)));
	return out;
}

static enum err run_command(struct push *k, const struct push_plan *plan)
{
	static const char *const purposes[] = { "policy-host", "policy-id", "reports" };
	struct hook_result r;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "schema",
	                      "mxseal.dns-change/1", "domain", k->domain.name, "zone", k->zone.name,
	                      "purpose", purposes[k->row->record], "name", k->name, "ttl",
	                      (json_int_t)(k->want.count > 0 ? k->want.list[0].ttl : 0), "expect",
	                      set_json(&k->have), "remove", set_json(&plan->drop), "add",
	                      set_json(&plan->add));
	char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
	enum err e = text == NULL ? ERR_IO
	                          : hook_run(k->conf->command,
	                                     slice_str(arena_printf(k->a, "%s\n", text)), HOOK_MS,
	                                     k->stop, NULL, &r);

	json_decref(o);
	free(text);
	if (e != OK)
		return say(k, e, "[dns] update_command cannot be started");
	if (r.code == 0)
		return OK;
	if (r.code == HOOK_CHANGED)
		return say(k, ERR_CONFLICT, "somebody else changed the record at the same time");
	return say(k, ERR_UNAVAILABLE,
	           arena_printf(k->a, "[dns] update_command failed: %s",
	                        r.words[0] != '\0' ? arena_str(k->a, slice_str(r.words))
	                                           : arena_printf(k->a, "exit status %d", r.code)));
}

/* What is there is what is wanted: the id is out, if it was not before. */
static enum err settled(struct push *k)
{
	int64_t seq;
	enum err e = OK;

	if (k->row->record != RECORD_ID || k->p.announced != 0 || k->want.count == 0)
		return OK;
	desk_lock(k->d);
	e = publish_announce(k->d, &k->p, k->now, &seq);
	desk_unlock(k->d);
	if (e == OK || e == ERR_CONFLICT || e == ERR_NOTFOUND) /* a newer save came between */
		return OK;
	return say(k, ERR_IO, "the database cannot be used");
}

static enum err change(struct push *k)
{
	struct push_plan *plan = arena_alloc(k->a, sizeof(*plan));
	const struct push_facts f = { .record = k->row->record,
		                      .have = &k->have,
		                      .want = &k->want,
		                      .before = k->before,
		                      .remembered = k->row->content,
		                      .kept = k->kept,
		                      .report_host = k->d->set.report_host };
	enum err e = OK;

	push_plan(k->a, &f, plan);
	if (plan->verdict == PUSH_FOREIGN)
		return say(k, ERR_CONFLICT, plan->why);
	if (plan->verdict == PUSH_CHANGE) {
		e = k->conf->command[0] != '\0' ? run_command(k, plan) : request(k, plan);
		k->written = e == OK;
		if (e == OK)
			log_info("record written", F("name", k->name),
			         F("content", push_set_text(k->a, &k->want)));
	}
	if (e != OK)
		return e;
	k->row->content = push_set_text(k->a, &k->want);
	return settled(k);
}

static enum err run(struct push *k)
{
	enum err e = read_wanted(k);

	if (e != OK)
		return e;
	if (!push_is_possible(k->conf))
		return say(k, ERR_CONFLICT,
		           "no way to write the zone is set: see [dns] in mxseal.conf(5)");
	e = look(k);
	return e == OK ? change(k) : e;
}

void push_step(struct desk *d, struct push_row *row, struct arena *a, int64_t now,
               const atomic_bool *stop)
{
	struct push *k = arena_calloc(a, 1, sizeof(*k));
	const char *said = row->why, *remembered = row->content;

	k->d = d;
	k->conf = d->push;
	k->a = a;
	k->now = now;
	k->stop = stop;
	k->row = row;
	k->why = "";
	enum err e = run(k);
	if (row->content == remembered) /* nothing was done: a person may have begun anew */
		row->content = NULL;
	row->why = e == OK ? "" : k->why;
	row->tries = e == OK || e == ERR_AGAIN ? 0 : row->tries + 1;
	row->due = now + (e == OK          ? AGAIN_S
	                  : e == ERR_AGAIN ? WAIT_S
	                                   : acme_plan_fault(row->tries));
	if (e == OK)
		row->pushed = now;
	else if (e != ERR_AGAIN && strcmp(said, row->why) != 0)
		log_warn("a record is not written", F("name", k->name == NULL ? "" : k->name),
		         F("why", row->why));
	desk_lock(d);
	e = pushes_put(d->db, row);
	if (e == OK && k->written)
		e = record_check_soon(d, row->domain, now);
	desk_unlock(d);
	if (e != OK)
		log_error("a record's state cannot be stored", F("why", err_name(e)));
}
