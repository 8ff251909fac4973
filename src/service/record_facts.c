#include "service/record_facts.h"

#include "wire/json.h"

static void add_member(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	json_add_string(b, slice_str(value));
}

static void add_server(struct buf *b, const struct judge_server *s)
{
	buf_add_str(b, "{");
	add_member(b, "server", s->server);
	buf_add_str(b, ",");
	add_member(b, "address", s->address);
	buf_printf(b, ",\"answer\":%d,\"ttl\":%u,", (int)s->answer, s->ttl);
	add_member(b, "why", s->why);
	buf_add_str(b, ",");
	add_member(b, "cname", s->cname);
	buf_add_str(b, ",\"found\":[");
	for (size_t i = 0; i < s->count; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		json_add_string(b, slice_head(s->found[i], RECORD_FACTS_TEXT_MAX));
	}
	buf_add_str(b, "]}");
}

static void add_seen(struct buf *b, const struct judge_seen *s)
{
	buf_add_str(b, "{");
	add_member(b, "name", s->name);
	buf_add_str(b, ",");
	add_member(b, "type", s->type);
	buf_add_str(b, ",");
	add_member(b, "zone", s->zone);
	buf_add_str(b, ",");
	add_member(b, "doubled", s->doubled);
	buf_add_str(b, ",");
	add_member(b, "above", s->above);
	buf_add_str(b, ",");
	add_member(b, "proxy", s->proxy);
	buf_add_str(b, ",");
	add_member(b, "dead", s->dead);
	buf_add_str(b, ",\"servers\":[");
	for (size_t i = 0; i < s->count; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		add_server(b, &s->servers[i]);
	}
	buf_add_str(b, "]}");
}

enum err record_facts_format(const struct record_facts *f, struct buf *out)
{
	buf_printf(out, "{\"state\":%d,\"secure\":%s,\"resolved\":%d,", (int)f->zone,
	           f->secure ? "true" : "false", (int)f->resolved);
	add_member(out, "zone", f->zone_name);
	buf_add_str(out, ",");
	add_member(out, "why", f->why);
	buf_add_str(out, ",");
	add_member(out, "resolved_why", f->resolved_why);
	buf_add_str(out, ",\"seen\":[");
	for (size_t i = 0; i < ASKED_COUNT; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		if (f->seen[i].name == NULL)
			buf_add_str(out, "null");
		else
			add_seen(out, &f->seen[i]);
	}
	buf_add_str(out, "]}");
	return buf_status(out);
}

static const char *text_of(const json_t *o, const char *key, struct arena *a)
{
	return arena_str(a, json_slice(json_member(o, key)));
}

/* A number of an enumeration with so many values; anything else is its first. */
static unsigned number_of(const json_t *o, const char *key, unsigned count)
{
	json_int_t n = json_integer_value(json_member(o, key));

	return n >= 0 && n < (json_int_t)count ? (unsigned)n : 0;
}

static void read_server(const json_t *o, struct arena *a, struct judge_server *s)
{
	const json_t *found = json_member(o, "found");

	s->server = text_of(o, "server", a);
	s->address = text_of(o, "address", a);
	s->why = text_of(o, "why", a);
	s->cname = text_of(o, "cname", a);
	s->answer = (enum judge_answer)number_of(o, "answer", JUDGE_SOMETHING + 1);
	s->ttl = (uint32_t)json_integer_value(json_member(o, "ttl"));
	while (s->count < json_array_size(found) && s->count < JUDGE_FOUND_MAX) {
		s->found[s->count] = arena_copy(a, json_slice(json_array_get(found, s->count)));
		s->count++;
	}
}

static void read_seen(const json_t *o, struct arena *a, struct judge_seen *s)
{
	const json_t *servers = json_member(o, "servers");

	if (!json_is_object(o))
		return;
	s->name = text_of(o, "name", a);
	s->type = text_of(o, "type", a);
	s->zone = text_of(o, "zone", a);
	s->doubled = text_of(o, "doubled", a);
	s->above = text_of(o, "above", a);
	s->proxy = text_of(o, "proxy", a);
	s->dead = text_of(o, "dead", a);
	while (s->count < json_array_size(servers) && s->count < JUDGE_SERVERS_MAX) {
		read_server(json_array_get(servers, s->count), a, &s->servers[s->count]);
		s->count++;
	}
}

enum err record_facts_parse(struct slice text, struct arena *a, struct record_facts *out)
{
	json_t *root;
	const json_t *seen;

	if (json_read(text, &json_limits_small, &root, NULL, NULL) != OK)
		return ERR_SYNTAX;
	*out = (struct record_facts){ 0 };
	out->zone = (enum record_zone)number_of(root, "state", RECORD_ZONE_NONE + 1);
	out->resolved = (enum record_resolved)number_of(root, "resolved", RESOLVED_BOGUS + 1);
	out->secure = json_is_true(json_member(root, "secure"));
	out->zone_name = text_of(root, "zone", a);
	out->why = text_of(root, "why", a);
	out->resolved_why = text_of(root, "resolved_why", a);
	seen = json_member(root, "seen");
	for (size_t i = 0; i < ASKED_COUNT && i < json_array_size(seen); i++)
		read_seen(json_array_get(seen, i), a, &out->seen[i]);
	json_decref(root);
	return OK;
}
