/* What the servers answered, laid over the records that are wanted. */
#include "service/records_internal.h"

struct laying {
	struct arena *a;
	const struct domain *domain;
	const struct records_facts *f;
	struct records *out;
};

static enum judge_kind kind_of(const struct record_row *row)
{
	if (strcmp(row->purpose, "policy-id") == 0)
		return JUDGE_ID;
	return strcmp(row->purpose, "reports") == 0 ? JUDGE_REPORTS : JUDGE_HOST;
}

static enum record_asked asked_for(const struct record_row *row)
{
	static const enum record_asked asked[] = {
		[JUDGE_HOST] = ASKED_HOST_A, [JUDGE_ID] = ASKED_ID, [JUDGE_REPORTS] = ASKED_REPORTS
	};

	return strcmp(row->type, "AAAA") == 0 ? ASKED_HOST_AAAA : asked[kind_of(row)];
}

static struct judge_want want_of(const struct laying *l, const struct record_row *row)
{
	return (struct judge_want){
		.kind = kind_of(row),
		.type = row->type,
		.value = row->value,
		.domain = l->domain->name,
		.service_zone = l->f->zone,
		.typed = l->domain->way[RECORD_ID] == WAY_TXT,
		.id = l->f->id,
		.rua_count = l->out->rua_count,
		.rua = l->out->rua,
		.addresses = l->f->addresses,
		.any = kind_of(row) == JUDGE_HOST && l->domain->hosting == HOSTING_EXTERNAL,
	};
}

static void add_found(const struct laying *l, const struct judge_seen *seen,
                      const struct judge_server *s, struct record_server *out)
{
	if (s->cname[0] != '\0')
		out->found[out->found_count++] = arena_printf(l->a, "CNAME %s", s->cname);
	for (size_t i = 0; i < s->count; i++)
		out->found[out->found_count++] =
		        arena_printf(l->a, "%s %.*s", seen->type, SLICE_ARGS(s->found[i]));
	if (out->found_count == 0 && s->why[0] != '\0')
		out->found[out->found_count++] = s->why;
}

static void fill_servers(const struct laying *l, const struct judge_seen *seen,
                         const struct judge_verdict *v, struct record_row *row)
{
	struct record_server *list = arena_calloc(l->a, v->count + 1, sizeof(*list));

	for (size_t i = 0; i < v->count; i++) {
		list[i].server = seen->servers[i].server;
		list[i].address = seen->servers[i].address;
		list[i].state = judge_state_name(v->servers[i]);
		list[i].ttl = seen->servers[i].ttl;
		add_found(l, seen, &seen->servers[i], &list[i]);
	}
	row->servers = list;
	row->server_count = v->count;
}

static void put_mistake(struct record_row *row, enum judge_mistake m, const char *words)
{
	row->mistake_code = judge_mistake_code(m);
	row->mistake = words;
}

static bool is_good(enum judge_state s)
{
	return s == JUDGE_SEEN || s == JUDGE_FLATTENED;
}

/* A host is as good as its worse family of addresses. */
static const struct judge_seen *judge_host(const struct laying *l, const struct judge_want *want,
                                           struct judge_verdict *v)
{
	const struct judge_seen *v4 = &l->f->seen->seen[ASKED_HOST_A],
	                        *v6 = &l->f->seen->seen[ASKED_HOST_AAAA];
	struct judge_seen *both = arena_alloc(l->a, sizeof(*both));
	struct judge_verdict other = { .state = JUDGE_NOT_CHECKED };

	*both = *v4;
	both->dead = v6->dead;
	judge_record(l->a, want, both, v);
	judge_record(l->a, want, v6, &other);
	if (is_good(v->state) && other.state == JUDGE_WRONG) {
		*v = other;
		return v6;
	}
	return both;
}

static const char *ahead_words(const struct laying *l)
{
	return judge_words(l->a, MISTAKE_AHEAD,
	                   arena_printf(l->a,
	                                "%s was in DNS before its text was served, so senders may "
	                                "keep the old text under it; type the line shown",
	                                l->f->ahead));
}

/* What is known from elsewhere. */
static void judge_beside(struct laying *l, enum judge_kind kind, struct judge_verdict *v)
{
	if (kind == JUDGE_ID && v->state == JUDGE_WAITING) {
		l->out->waits = true;
		if (l->f->ahead != NULL) {
			v->mistake = MISTAKE_AHEAD;
			v->words = ahead_words(l);
		}
	}
	if (kind == JUDGE_HOST && is_good(v->state) && l->f->caa != NULL) {
		v->mistake = MISTAKE_CAA;
		v->words = judge_words(l->a, MISTAKE_CAA, l->f->caa);
	}
	if (kind == JUDGE_ID && is_good(v->state) && l->f->seen->resolved == RESOLVED_BOGUS) {
		v->state = JUDGE_WRONG;
		v->mistake = MISTAKE_BOGUS;
		v->words = judge_words(l->a, MISTAKE_BOGUS, l->f->seen->resolved_why);
	}
}

static void judge_row(struct laying *l, struct record_row *row)
{
	const struct judge_seen *seen = &l->f->seen->seen[asked_for(row)];
	struct judge_want want = want_of(l, row);
	struct judge_verdict v = { .state = JUDGE_NOT_CHECKED };

	if (seen->name == NULL) {
		l->out->all_seen = false;
		return;
	}
	if (want.kind == JUDGE_HOST && strcmp(row->type, "AAAA") != 0)
		seen = judge_host(l, &want, &v);
	else
		judge_record(l->a, &want, seen, &v);
	judge_beside(l, want.kind, &v);
	row->state = judge_state_name(v.state);
	fill_servers(l, seen, &v, row);
	if (row->mistake == NULL && v.mistake != MISTAKE_NONE)
		put_mistake(row, v.mistake, v.words);
	l->out->all_seen = l->out->all_seen && is_good(v.state) && v.mistake == MISTAKE_NONE;
}

/* No server could be asked: the same for all rows. */
static void no_zone(struct laying *l)
{
	const struct record_facts *seen = l->f->seen;

	l->out->why = seen->why;
	l->out->all_seen = false;
	for (size_t i = 0; i < l->out->count; i++) {
		struct record_row *row = &l->out->rows[i];
		if (seen->zone == RECORD_ZONE_NONE)
			row->state = judge_state_name(JUDGE_PENDING);
		if (seen->zone != RECORD_ZONE_BOGUS)
			continue;
		row->state = judge_state_name(JUDGE_WRONG);
		put_mistake(row, MISTAKE_BOGUS, judge_words(l->a, MISTAKE_BOGUS, seen->why));
	}
}

void records_lay(struct arena *a, const struct domain *domain, const struct records_facts *f,
                 struct records *out)
{
	static const char *const resolved[] = { [RESOLVED_NOT_ASKED] = NULL,
		                                [RESOLVED_SAME] = "same",
		                                [RESOLVED_OTHER] = "other",
		                                [RESOLVED_BOGUS] = "bogus" };
	struct laying l = { a, domain, f, out };

	out->checked = f->checked;
	/* Typed and served, and never looked for: it is not seen. */
	out->waits = f->seen == NULL && domain->hosted && domain->way[RECORD_ID] == WAY_TXT &&
	             f->id != NULL;
	if (f->seen == NULL)
		return;
	if (f->seen->zone != RECORD_ZONE_FOUND) {
		out->waits = domain->hosted && domain->way[RECORD_ID] == WAY_TXT && f->id != NULL;
		no_zone(&l);
		return;
	}
	out->zone = f->seen->zone_name;
	out->secure = f->seen->secure;
	out->resolver = resolved[f->seen->resolved];
	out->resolver_why = f->seen->resolved_why[0] != '\0' ? f->seen->resolved_why : NULL;
	out->all_seen = true;
	for (size_t i = 0; i < out->count; i++)
		judge_row(&l, &out->rows[i]);
}
