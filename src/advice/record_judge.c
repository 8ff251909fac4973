#include "advice/record_judge.h"

#include "mtasts/record.h"
#include "tlsrpt/record.h"

const char *judge_state_name(enum judge_state s)
{
	static const char *const names[] = {
		[JUDGE_NOT_CHECKED] = "not-checked",
		[JUDGE_PENDING] = "pending",
		[JUDGE_SEEN] = "seen",
		[JUDGE_FLATTENED] = "flattened",
		[JUDGE_WRONG] = "wrong",
		[JUDGE_WAITING] = "waiting-for-you",
	};

	return names[s];
}

static const struct {
	const char *code, *words;
} mistakes[] = {
#define JUDGE_ROW(name, code, words) [MISTAKE_##name] = { code, words },
	JUDGE_MISTAKES(JUDGE_ROW)
#undef JUDGE_ROW
};

const char *judge_mistake_code(enum judge_mistake m)
{
	return mistakes[m].code;
}

const char *judge_words(struct arena *a, enum judge_mistake m, const char *sentence)
{
	return arena_printf(a, "%s: %s", mistakes[m].words, sentence);
}

struct judging {
	struct arena *a;
	const struct judge_want *want;
	const struct judge_seen *seen;
	struct judge_verdict *out;
};

/* The first mistake is the one that is told: those looked for first explain those behind. */
static void note(struct judging *j, enum judge_mistake m, const char *sentence)
{
	if (j->out->mistake != MISTAKE_NONE)
		return;
	j->out->mistake = m;
	j->out->words = judge_words(j->a, m, sentence);
}

static bool is_name(const char *a, const char *b)
{
	return slice_eq_i(slice_str(a), slice_str(b));
}

/* A target typed without its final dot gets the zone's name behind it. */
static bool lacks_dot(const struct judging *j, const char *cname)
{
	struct slice c = slice_str(cname), v = slice_str(j->want->value);

	if (!slice_starts_i(c, v) || c.len < v.len + 2 || c.p[v.len] != '.')
		return false;
	struct slice tail = slice_skip(c, v.len + 1);
	return slice_eq_i(tail, slice_str(j->seen->zone)) ||
	       slice_eq_i(tail, slice_str(j->want->domain));
}

static bool is_in_service_zone(const struct judging *j, const char *cname)
{
	const char *zone = j->want->service_zone;

	return zone[0] != '\0' &&
	       slice_ends_i(slice_str(cname), slice_str(arena_printf(j->a, ".%s", zone)));
}

static enum judge_state judge_cname(struct judging *j, const struct judge_server *s)
{
	if (is_name(s->cname, j->want->value)) {
		if (s->count == 0)
			return JUDGE_SEEN;
		note(j, MISTAKE_BESIDE,
		     arena_printf(j->a,
		                  "%s has a CNAME and other records; a name with a CNAME may have "
		                  "no other: remove them",
		                  j->seen->name));
		return JUDGE_WRONG;
	}
	if (lacks_dot(j, s->cname))
		note(j, MISTAKE_DOT,
		     arena_printf(j->a, "the target became %s; type it with a dot at its end: %s.",
		                  s->cname, j->want->value));
	else if (is_in_service_zone(j, s->cname))
		note(j, MISTAKE_CLAIM,
		     arena_printf(j->a,
		                  "the CNAME leads to %s, which was given for another time or "
		                  "another domain; its target is now %s",
		                  s->cname, j->want->value));
	else
		note(j, MISTAKE_OTHER,
		     arena_printf(j->a, "%s is a CNAME to %s", j->seen->name, s->cname));
	return JUDGE_WRONG;
}

static bool is_word(const char *words, struct slice word)
{
	struct slice rest = slice_str(words), one;

	while (slice_next(&rest, ' ', &one))
		if (one.len > 0 && slice_eq_i(one, word))
			return true;
	return false;
}

/* Addresses without the CNAME: right when they are all ours. */
static enum judge_state judge_flat_addresses(struct judging *j, const struct judge_server *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!is_word(j->want->addresses, s->found[i])) {
			note(j, MISTAKE_OTHER,
			     arena_printf(j->a, "%s has the address %.*s instead of the CNAME",
			                  j->seen->name, SLICE_ARGS(s->found[i])));
			return JUDGE_WRONG;
		}
	return JUDGE_FLATTENED;
}

static enum judge_state judge_address(struct judging *j, const struct judge_server *s)
{
	bool found = false;

	for (size_t i = 0; i < s->count; i++) {
		found = found || slice_eq_i(s->found[i], slice_str(j->want->value));
		if (j->want->addresses[0] == '\0' || is_word(j->want->addresses, s->found[i]))
			continue;
		note(j, MISTAKE_OTHER,
		     arena_printf(j->a, "%s has the address %.*s, which is not of this service",
		                  j->seen->name, SLICE_ARGS(s->found[i])));
		return JUDGE_WRONG;
	}
	return found ? JUDGE_SEEN : s->count > 0 ? JUDGE_WRONG : JUDGE_PENDING;
}

/* What pasting did to the text of a TXT record. */
static bool note_pasted(struct judging *j, const struct judge_server *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct slice text = slice_trim(s->found[i]);
		if (slice_starts(text, S("\"")) || slice_starts(text, S("\\\""))) {
			note(j, MISTAKE_QUOTES,
			     "the quotes became part of the value; type it without them");
			return true;
		}
		if (slice_find_slice(text, S("\\;")) != SIZE_MAX) {
			note(j, MISTAKE_ESCAPED,
			     "a backslash stands before a semicolon; type the value without "
			     "backslashes");
			return true;
		}
	}
	return false;
}

static enum judge_state judge_two(struct judging *j, const char *what)
{
	note(j, MISTAKE_TWO,
	     arena_printf(j->a,
	                  "%s has more than one %s record, and senders then take none of them: "
	                  "leave one",
	                  j->seen->name, what));
	return JUDGE_WRONG;
}

static enum judge_state judge_id(struct judging *j, const struct judge_server *s)
{
	struct findings f = findings_in(j->a);
	struct record r;
	enum err e = record_set_read(s->found, s->count, &f, &r);

	if (e == OK && j->want->id != NULL && slice_eq(r.id, slice_str(j->want->id)))
		return JUDGE_SEEN;
	if (e == ERR_CONFLICT)
		return judge_two(j, "v=STSv1");
	if (e != OK && note_pasted(j, s))
		return JUDGE_WRONG;
	if (e == OK)
		return j->want->typed ? JUDGE_WAITING : JUDGE_PENDING;
	return e == ERR_NOTFOUND ? JUDGE_PENDING : JUDGE_WRONG;
}

static bool has_uri(const struct tlsrpt_record *r, const char *uri)
{
	for (size_t i = 0; i < r->rua_count; i++)
		if (slice_eq(r->rua[i].uri, slice_str(uri)))
			return true;
	return false;
}

static enum judge_state judge_reports(struct judging *j, const struct judge_server *s)
{
	struct findings f = findings_in(j->a);
	struct tlsrpt_record r;
	enum err e = tlsrpt_record_set_read(s->found, s->count, &f, &r);

	if (e == ERR_CONFLICT)
		return judge_two(j, "v=TLSRPTv1");
	if (e != OK && note_pasted(j, s))
		return JUDGE_WRONG;
	if (e != OK)
		return e == ERR_NOTFOUND ? JUDGE_PENDING : JUDGE_WRONG;
	for (size_t i = 0; i < j->want->rua_count; i++) {
		if (has_uri(&r, j->want->rua[i]))
			continue;
		note(j, MISTAKE_VENDOR,
		     "a record with other report addresses is there; they are kept beside ours in "
		     "the value shown");
		return JUDGE_WRONG;
	}
	return j->want->rua_count > 0 ? JUDGE_SEEN : JUDGE_PENDING;
}

static enum judge_state judge_text(struct judging *j, const struct judge_server *s)
{
	return j->want->kind == JUDGE_ID ? judge_id(j, s) : judge_reports(j, s);
}

/* Where a CNAME is wanted and there is none. */
static enum judge_state judge_flat(struct judging *j, const struct judge_server *s)
{
	enum judge_state state;

	if (j->want->kind == JUDGE_HOST)
		return judge_flat_addresses(j, s);
	struct judge_verdict aside = { 0 };
	struct judging quiet = { j->a, j->want, j->seen, &aside };
	state = judge_text(&quiet, s);
	if (state == JUDGE_SEEN)
		return JUDGE_FLATTENED;
	note(j, MISTAKE_BESIDE,
	     arena_printf(j->a,
	                  "a TXT record stands at %s; a name with a CNAME may have no other "
	                  "record: remove it, then add the CNAME",
	                  j->seen->name));
	return JUDGE_WRONG;
}

static enum judge_state judge_something(struct judging *j, const struct judge_server *s)
{
	bool cname = strcmp(j->want->type, "CNAME") == 0;

	if (j->want->any)
		return JUDGE_SEEN;
	if (j->want->value == NULL)
		return JUDGE_PENDING;
	if (cname)
		return s->cname[0] != '\0' ? judge_cname(j, s) : judge_flat(j, s);
	if (s->cname[0] != '\0') {
		note(j, MISTAKE_OTHER,
		     arena_printf(j->a, "%s is a CNAME to %s", j->seen->name, s->cname));
		return JUDGE_WRONG;
	}
	return j->want->kind == JUDGE_HOST ? judge_address(j, s) : judge_text(j, s);
}

static enum judge_state judge_server(struct judging *j, const struct judge_server *s)
{
	switch (s->answer) {
	case JUDGE_NOT_ASKED:
	case JUDGE_SILENT:
		return JUDGE_NOT_CHECKED;
	case JUDGE_LAME:
		return JUDGE_WRONG;
	case JUDGE_SOMETHING:
		return judge_something(j, s);
	case JUDGE_NOTHING:
	default:
		return JUDGE_PENDING;
	}
}

/* Does another address of the same server answer? */
static bool answers_elsewhere(const struct judge_seen *seen, size_t which)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->servers[i].answer >= JUDGE_LAME &&
		    strcmp(seen->servers[i].server, seen->servers[which].server) == 0)
			return true;
	return false;
}

struct tally {
	size_t seen, flat, pending, wrong, lame, silent, waiting;
	size_t first_seen, first_not, first_silent, first_lame;
};

static void count_server(struct judging *j, size_t i, struct tally *t)
{
	const struct judge_server *s = &j->seen->servers[i];
	enum judge_state state = judge_server(j, s);

	j->out->servers[i] = state;
	if (s->answer == JUDGE_NOT_ASKED)
		return;
	if (s->answer == JUDGE_SILENT) {
		if (t->silent == 0)
			t->first_silent = i;
		t->silent += answers_elsewhere(j->seen, i) ? 0 : 1;
		return;
	}
	if (s->answer == JUDGE_LAME) {
		if (t->lame++ == 0)
			t->first_lame = i;
		return;
	}
	if (state == JUDGE_SEEN || state == JUDGE_FLATTENED) {
		if (t->seen == 0)
			t->first_seen = i;
		t->seen++;
		t->flat += state == JUDGE_FLATTENED ? 1 : 0;
		j->out->ttl = s->ttl > j->out->ttl ? s->ttl : j->out->ttl;
		return;
	}
	if (t->pending + t->wrong + t->waiting == 0)
		t->first_not = i;
	t->pending += state == JUDGE_PENDING ? 1 : 0;
	t->wrong += state == JUDGE_WRONG ? 1 : 0;
	t->waiting += state == JUDGE_WAITING ? 1 : 0;
}

static const char *server_words(struct judging *j, size_t i)
{
	const struct judge_server *s = &j->seen->servers[i];

	return arena_printf(j->a, "%s%s%s%s", s->server, s->address[0] != '\0' ? " (" : "",
	                    s->address, s->address[0] != '\0' ? ")" : "");
}

/* What one server does that the others do not. */
static void note_servers(struct judging *j, const struct tally *t)
{
	if (t->seen > 0 && t->seen < t->seen + t->pending + t->wrong + t->waiting)
		note(j, MISTAKE_DISAGREE,
		     arena_printf(j->a, "%s answers it, %s does not",
		                  server_words(j, t->first_seen), server_words(j, t->first_not)));
	if (t->silent > 0)
		note(j, MISTAKE_SILENT,
		     arena_printf(j->a, "%s %s, so nobody knows what senders get there",
		                  server_words(j, t->first_silent),
		                  j->seen->servers[t->first_silent].why));
	if (t->lame > 0)
		note(j, MISTAKE_LAME,
		     arena_printf(j->a, "%s %s: it is named for the zone and does not serve it",
		                  server_words(j, t->first_lame),
		                  j->seen->servers[t->first_lame].why));
}

/* Where the record is instead. */
static void note_place(struct judging *j)
{
	const struct judge_seen *s = j->seen;
	struct slice zone = slice_str(s->zone), domain = slice_str(j->want->domain);

	if (s->doubled[0] != '\0')
		note(j, MISTAKE_DOUBLED,
		     arena_printf(j->a, "the record stands at %s; give the short name",
		                  s->doubled));
	if (s->above[0] != '\0')
		note(j, MISTAKE_ZONE,
		     arena_printf(j->a, "the record stands at %s, which is not %s", s->above,
		                  s->name));
	if (zone.len > domain.len && slice_ends_i(zone, domain))
		note(j, MISTAKE_ZONE,
		     arena_printf(j->a,
		                  "%s is a zone of its own on other servers: the record must "
		                  "stand there, and what stands in %s is not seen",
		                  s->zone, j->want->domain));
}

static enum judge_state whole(const struct judging *j, const struct tally *t)
{
	if (t->seen + t->pending + t->wrong + t->waiting == 0)
		return t->lame > 0 ? JUDGE_WRONG : JUDGE_NOT_CHECKED;
	if (t->wrong > 0)
		return JUDGE_WRONG;
	if (t->pending + t->waiting + t->silent == 0)
		return t->flat > 0 ? JUDGE_FLATTENED : JUDGE_SEEN;
	return j->want->typed && j->want->kind == JUDGE_ID && j->want->value != NULL
	               ? JUDGE_WAITING
	               : JUDGE_PENDING;
}

void judge_record(struct arena *a, const struct judge_want *want, const struct judge_seen *seen,
                  struct judge_verdict *out)
{
	struct judging j = { a, want, seen, out };
	struct tally t = { 0 };

	*out = (struct judge_verdict){ .state = JUDGE_NOT_CHECKED };
	if (seen == NULL)
		return;
	out->count = seen->count < JUDGE_SERVERS_MAX ? seen->count : JUDGE_SERVERS_MAX;
	if (seen->proxy[0] != '\0' && want->value != NULL)
		note(&j, MISTAKE_PROXIED,
		     arena_printf(
		             a,
		             "%s answers with addresses of %s's proxy instead of this service; "
		             "switch the proxy off for it (\"DNS only\")",
		             seen->name, seen->proxy));
	for (size_t i = 0; i < out->count; i++)
		count_server(&j, i, &t);
	out->state = whole(&j, &t);
	if (out->state != JUDGE_SEEN && out->state != JUDGE_FLATTENED && t.seen == 0)
		note_place(&j);
	note_servers(&j, &t);
	if (seen->dead[0] != '\0' && want->value != NULL) {
		out->state = JUDGE_WRONG;
		out->mistake = MISTAKE_NONE;
		note(&j, MISTAKE_DEAD,
		     arena_printf(a,
		                  "%s also has the address %s, where nobody answers; senders with "
		                  "IPv6 try it first: remove it",
		                  seen->name, seen->dead));
	}
}

struct slice judge_common_id(struct arena *a, const struct judge_seen *seen)
{
	struct slice id = { NULL, 0 };

	for (size_t i = 0; i < seen->count; i++) {
		const struct judge_server *s = &seen->servers[i];
		struct findings f = findings_in(a);
		struct record r;
		if (s->answer == JUDGE_NOT_ASKED || s->answer == JUDGE_LAME ||
		    (s->answer == JUDGE_SILENT && answers_elsewhere(seen, i)))
			continue;
		if (s->answer != JUDGE_SOMETHING ||
		    record_set_read(s->found, s->count, &f, &r) != OK ||
		    (id.p != NULL && !slice_eq(id, r.id)))
			return (struct slice){ NULL, 0 };
		id = r.id;
	}
	return id;
}

bool judge_is_nowhere(const struct judge_seen *seen)
{
	bool some = false;

	for (size_t i = 0; i < seen->count; i++) {
		enum judge_answer answer = seen->servers[i].answer;
		if (answer == JUDGE_SOMETHING || answer == JUDGE_SILENT)
			return false;
		some = some || answer == JUDGE_NOTHING;
	}
	return some;
}
