#include "wire/dns_name.h"

#include <stdio.h>

#define POINTER 0xc0u

static unsigned byte_at(struct slice s, size_t i)
{
	return (unsigned char)s.p[i];
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static enum err add_label(struct dns_name *n, struct slice label)
{
	if (label.len > DNS_LABEL_MAX || n->len + 1 + label.len + 1 > DNS_NAME_MAX)
		return ERR_LIMIT;
	n->wire[n->len++] = (char)(unsigned char)label.len;
	memcpy(n->wire + n->len, label.p, label.len);
	n->len += label.len;
	return OK;
}

enum err dns_name_from_text(struct slice text, struct dns_name *out)
{
	struct dns_name n = { 0 };
	struct slice label;
	enum err e = OK;

	if (text.len > 0 && text.p[text.len - 1] == '.')
		text.len--;
	while (e == OK && text.len > 0) {
		bool more = slice_cut(text, '.', &label, &text);

		if (!more) {
			label = text;
			text = S("");
		}
		if (label.len == 0 || (more && text.len == 0))
			return ERR_SYNTAX;
		e = add_label(&n, label);
	}
	if (e != OK)
		return e;
	n.wire[n.len++] = '\0';
	dns_name_lower(dns_name_slice(&n), out);
	return OK;
}

static size_t escape(char c, char *out, size_t room)
{
	int n;

	if (c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' || c == '@' ||
	    c == '$')
		n = snprintf(out, room, "\\%c", c);
	else if (c > ' ' && c < 0x7f)
		n = snprintf(out, room, "%c", c);
	else
		n = snprintf(out, room, "\\%03u", (unsigned)(unsigned char)c);
	return n < 0 ? 0 : (size_t)n;
}

const char *dns_name_text(struct slice name, char out[DNS_NAME_TEXT_SIZE])
{
	size_t len = 0, left = 0;

	if (name.len <= 1)
		out[len++] = '.';
	for (size_t i = 0; i + 1 < name.len; i++) {
		if (left == 0) {
			left = byte_at(name, i);
			continue;
		}
		len += escape(name.p[i], out + len, DNS_NAME_TEXT_SIZE - len);
		if (--left == 0)
			out[len++] = '.';
	}
	out[len] = '\0';
	return out;
}

/* Pointers lead strictly back, so that following them ends. */
static enum err follow(struct slice message, size_t *at, size_t *limit)
{
	size_t to;

	if (*at + 1 >= message.len)
		return ERR_SYNTAX;
	to = (byte_at(message, *at) & ~POINTER) << 8 | byte_at(message, *at + 1);
	if (to >= *limit)
		return ERR_SYNTAX;
	*limit = to;
	*at = to;
	return OK;
}

enum err dns_name_parse(struct slice message, size_t at, struct dns_name *out, size_t *next_out)
{
	struct dns_name n = { 0 };
	size_t limit = at, next = 0;

	while (at < message.len) {
		unsigned c = byte_at(message, at);

		if ((c & POINTER) == POINTER) {
			next = next == 0 ? at + 2 : next;
			if (follow(message, &at, &limit) != OK)
				return ERR_SYNTAX;
			continue;
		}
		if (c > DNS_LABEL_MAX || at + 1 + c > message.len)
			return ERR_SYNTAX;
		if (c == 0) {
			n.wire[n.len++] = '\0';
			*out = n;
			*next_out = next == 0 ? at + 1 : next;
			return OK;
		}
		if (add_label(&n, slice_of(message.p + at + 1, c)) != OK)
			return ERR_SYNTAX;
		at += 1 + c;
	}
	return ERR_SYNTAX;
}

void dns_name_lower(struct slice name, struct dns_name *out)
{
	out->len = name.len;
	/* Length bytes are below 64 and so no letters. */
	for (size_t i = 0; i < name.len; i++)
		out->wire[i] = lower(name.p[i]);
}

bool dns_name_eq(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

struct slice dns_name_parent(struct slice name)
{
	return name.len <= 1 ? name : slice_skip(name, 1 + byte_at(name, 0));
}

bool dns_name_is_in(struct slice name, struct slice zone)
{
	while (name.len > zone.len)
		name = dns_name_parent(name);
	return dns_name_eq(name, zone);
}
