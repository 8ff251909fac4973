#include "wire/dkim_from.h"

#include "wire/dkim_signature.h"

#define FROM_MAX 2048u /* bytes of a From field that is read */

/* What is left of the field without comments and folds; an address in <> goes to its own place. */
struct parts {
	char plain[FROM_MAX], angle[FROM_MAX];
	size_t plain_len, angle_len;
	bool has_angle, in_angle;
	bool plain_after; /* something stands behind the ">" */
	bool bad;
};

static void keep(struct parts *p, char c)
{
	bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';

	if (p->in_angle) {
		p->angle[p->angle_len++] = c;
		return;
	}
	if (p->has_angle && !blank)
		p->plain_after = true;
	p->plain[p->plain_len++] = blank ? ' ' : c;
}

/* Behind the comment that begins at i; SIZE_MAX: it has no end. */
static size_t skip_comment(struct slice s, size_t i)
{
	unsigned depth = 0;

	for (; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return SIZE_MAX;
}

/* Keeps the quoted string that begins at i; behind it, or SIZE_MAX. */
static size_t keep_quoted(struct parts *p, struct slice s, size_t i)
{
	keep(p, '"');
	for (i++; i < s.len; i++) {
		/* What is quoted decides nothing: an "@" in it must not be found again. */
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
		keep(p, 'q');
	}
	return SIZE_MAX;
}

static void take(struct parts *p, char c)
{
	if (c == '<') {
		p->bad = p->bad || p->has_angle;
		p->has_angle = p->in_angle = true;
	} else if (c == '>') {
		p->bad = p->bad || !p->in_angle;
		p->in_angle = false;
	} else if (c == ',' || c == ';' || c == ':' || c == '\0') {
		p->bad = true; /* several, a group, or a route */
	} else {
		keep(p, c);
	}
}

static void split(struct slice s, struct parts *p)
{
	size_t i = 0;

	while (i < s.len && !p->bad) {
		if (s.p[i] == '(') {
			i = skip_comment(s, i);
		} else if (s.p[i] == '"') {
			i = keep_quoted(p, s, i);
		} else {
			take(p, s.p[i]);
			i++;
		}
	}
	p->bad = p->bad || i == SIZE_MAX || p->in_angle || p->plain_after;
}

struct slice dkim_from_domain(struct slice value, struct arena *arena)
{
	struct parts p = { .bad = false };
	struct slice address, local, domain;

	if (value.len >= FROM_MAX)
		return S("");
	split(value, &p);
	address = slice_trim(p.has_angle ? slice_of(p.angle, p.angle_len)
	                                 : slice_of(p.plain, p.plain_len));
	if (p.bad || !slice_cut(address, '@', &local, &domain) || slice_trim(local).len == 0)
		return S("");
	domain = slice_trim(domain);
	return dkim_is_domain(domain) ? arena_lower(arena, domain) : S("");
}
