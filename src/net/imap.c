/* The commands of a poll, and the URL of a mailbox. */
#include "net/imap.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "net/imap_internal.h"

#define UIDS_MAX 4000000u /* of one mailbox */
#define LIST_MAX (40u << 20)
#define LOOK_FIELDS "CONTENT-TYPE TLS-REPORT-DOMAIN TLS-REPORT-SUBMITTER"

/* "host", "host:port", "[v6]:port" */
static enum err read_authority(struct slice text, struct imap_url *u)
{
	struct slice host = text, port = { NULL, 0 };
	uint64_t n = u->tls ? 993 : 143;
	struct dial_addr a;

	if (slice_find(text, '@') != SIZE_MAX)
		return ERR_SYNTAX;
	if (slice_starts(text, S("["))) {
		if (!slice_cut(slice_skip(text, 1), ']', &host, &port) ||
		    (port.len > 0 && port.p[0] != ':'))
			return ERR_SYNTAX;
		port = slice_skip(port, 1);
	} else {
		(void)slice_cut(text, ':', &host, &port); /* without one the preset stays */
	}
	if (host.len == 0 || host.len >= sizeof(u->host) || slice_find(host, ' ') != SIZE_MAX ||
	    (port.len > 0 && (num_parse_u64(port, 65535, &n) != OK || n == 0)))
		return ERR_SYNTAX;
	memcpy(u->host, host.p, host.len);
	u->host[host.len] = '\0';
	u->port = (unsigned)n;
	if (!u->tls && dial_addr_parse(host, 1, &a) == OK)
		u->plain = strcmp(dial_is_global(&a) ? "" : dial_why_not(&a), "loopback") == 0;
	return OK;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum err read_folder(struct slice text, struct imap_url *u)
{
	size_t n = 0;

	if (text.len == 0)
		text = S("INBOX");
	for (size_t i = 0; i < text.len; i++) {
		int c = (unsigned char)text.p[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex_digit(text.p[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(text.p[i + 2]);

			c = low < 0 ? -1 : high * 16 + low;
			i += 2;
		}
		if (c < 0x20 || c > 0x7e || n == IMAP_FOLDER_MAX)
			return ERR_SYNTAX;
		u->folder[n++] = (char)c;
	}
	u->folder[n] = '\0';
	return OK;
}

enum err imap_url_parse(struct slice text, struct imap_url *out)
{
	struct imap_url u = { .tls = slice_starts_i(text, S("imaps://")) };
	struct slice rest, folder = S("");
	size_t slash;
	enum err e;

	if (!slice_is_printable(text) || (!u.tls && !slice_starts_i(text, S("imap://"))))
		return ERR_SYNTAX;
	rest = slice_skip(text, u.tls ? 8 : 7);
	slash = slice_find(rest, '/');
	if (slash != SIZE_MAX)
		folder = slice_skip(rest, slash + 1);
	e = read_authority(slice_head(rest, slash), &u);
	if (e == OK)
		e = read_folder(folder, &u);
	if (e == OK)
		*out = u;
	return e;
}

/* A string as a command takes it. */
static void add_quoted(struct buf *b, const char *text)
{
	buf_add_char(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, *text);
	}
	buf_add_char(b, '"');
}

static void add_set(struct buf *b, const uint32_t *uids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s%u", i == 0 ? "" : ",", uids[i]);
}

/* Ends the making of a command and does it. */
static enum err run(struct imap *m, struct buf *b, size_t max, imap_untagged_fn fn, void *arg)
{
	enum err e = buf_status(b);

	if (e == OK)
		e = imap_command(m, buf_str(b), max, fn, arg);
	buf_fini(b);
	return e;
}

static enum err on_select(void *arg, const struct imap_response *r)
{
	uint64_t *uidvalidity = arg;

	if (r->kind == IMAP_CODE)
		(void)imap_code_number(r->text, S("UIDVALIDITY"), uidvalidity); /* or another */
	return OK;
}

enum err imap_select(struct imap *m, const char *folder, bool read_only, uint64_t *uidvalidity_out)
{
	uint64_t uidvalidity = 0;
	struct buf b;
	enum err e;

	buf_init(&b, COMMAND_MAX);
	buf_add_str(&b, read_only ? "EXAMINE" : "SELECT");
	buf_add_char(&b, ' ');
	add_quoted(&b, folder);
	e = run(m, &b, ANSWER_MAX, on_select, &uidvalidity);
	if (e == ERR_DENIED)
		return ERR_NOTFOUND;
	if (e == OK)
		*uidvalidity_out = uidvalidity;
	return e;
}

struct listing {
	uint64_t first;
	uint32_t *uids;
	size_t count, room;
};

static enum err on_search(void *arg, const struct imap_response *r)
{
	struct listing *l = arg;
	struct slice rest = r->text;
	uint64_t uid;

	while (r->kind == IMAP_SEARCH && imap_next_number(&rest, &uid)) {
		if (uid < l->first || uid == 0) /* N:* always means the last message, too */
			continue;
		if (l->count == UIDS_MAX)
			return ERR_LIMIT;
		if (l->count == l->room) {
			l->room = l->room == 0 ? 256 : l->room * 2;
			l->uids = mem_realloc(l->uids, l->room * sizeof(*l->uids));
		}
		l->uids[l->count++] = (uint32_t)uid;
	}
	return OK;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

enum err imap_list(struct imap *m, uint64_t first, uint32_t **out, size_t *count_out)
{
	struct listing l = { .first = first };
	struct buf b;
	enum err e;

	buf_init(&b, COMMAND_MAX);
	buf_printf(&b, "UID SEARCH UID %llu:*", (unsigned long long)first);
	e = run(m, &b, LIST_MAX, on_search, &l);
	if (e != OK) {
		mem_free(l.uids);
		return e;
	}
	if (l.count > 0)
		qsort(l.uids, l.count, sizeof(*l.uids), by_number);
	*out = l.uids;
	*count_out = l.count;
	return OK;
}

struct looking {
	imap_look_fn fn;
	void *arg;
};

static enum err on_look(void *arg, const struct imap_response *r)
{
	const struct looking *l = arg;
	struct imap_fetch f;

	/* What cannot be read is as if the server had not answered for that message. */
	if (r->kind == IMAP_FETCH && imap_fetch_parse(r->text, &f) == OK && f.has_uid)
		l->fn(l->arg, &f);
	return OK;
}

enum err imap_look(struct imap *m, const uint32_t *uids, size_t count, imap_look_fn fn, void *arg)
{
	struct looking l = { fn, arg };
	struct buf b;

	buf_init(&b, COMMAND_MAX);
	buf_add_str(&b, "UID FETCH ");
	add_set(&b, uids, count);
	buf_add_str(&b,
	            " (UID RFC822.SIZE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (" LOOK_FIELDS ")])");
	return run(m, &b, ANSWER_MAX, on_look, &l);
}

struct taking {
	uint32_t uid;
	struct buf *out;
	bool there;
};

static enum err on_message(void *arg, const struct imap_response *r)
{
	struct taking *t = arg;
	struct imap_fetch f;

	if (r->kind != IMAP_FETCH || imap_fetch_parse(r->text, &f) != OK || !f.has_body ||
	    !f.has_uid || f.uid != t->uid || t->there)
		return OK;
	t->there = true;
	buf_add(t->out, f.body);
	return buf_status(t->out);
}

enum err imap_fetch(struct imap *m, uint32_t uid, struct buf *out)
{
	struct taking t = { .uid = uid, .out = out };
	struct buf b;
	enum err e;

	buf_init(&b, COMMAND_MAX);
	buf_printf(&b, "UID FETCH %u (UID BODY.PEEK[])", uid);
	e = run(m, &b, IMAP_MESSAGE_MAX + 4096, on_message, &t);
	return e == OK && !t.there ? ERR_NOTFOUND : e;
}

/* "COMMAND SET REST" */
static enum err on_set(struct imap *m, const char *command, const uint32_t *uids, size_t count,
                       const char *rest)
{
	struct buf b;

	buf_init(&b, COMMAND_MAX);
	buf_printf(&b, "%s ", command);
	add_set(&b, uids, count);
	buf_add_str(&b, rest);
	return run(m, &b, ANSWER_MAX, NULL, NULL);
}

enum err imap_flag(struct imap *m, const uint32_t *uids, size_t count)
{
	return on_set(m, "UID STORE", uids, count, " +FLAGS.SILENT (\\Flagged)");
}

enum err imap_delete(struct imap *m, const uint32_t *uids, size_t count)
{
	enum err e = on_set(m, "UID STORE", uids, count, " +FLAGS.SILENT (\\Deleted)");

	/* A plain EXPUNGE would take what others have marked. */
	return e == OK && m->has_uidplus ? on_set(m, "UID EXPUNGE", uids, count, "") : e;
}

static enum err with_folder(struct imap *m, const char *command, const uint32_t *uids, size_t count,
                            const char *folder)
{
	struct buf name;
	enum err e;

	buf_init(&name, COMMAND_MAX);
	buf_add_char(&name, ' ');
	add_quoted(&name, folder);
	e = on_set(m, command, uids, count, buf_str(&name));
	buf_fini(&name);
	return e;
}

static enum err make_folder(struct imap *m, const char *folder)
{
	struct buf b;

	buf_init(&b, COMMAND_MAX);
	buf_add_str(&b, "CREATE");
	buf_add_char(&b, ' ');
	add_quoted(&b, folder);
	return run(m, &b, ANSWER_MAX, NULL, NULL);
}

enum err imap_move(struct imap *m, const uint32_t *uids, size_t count, const char *folder)
{
	const char *command = m->can_move ? "UID MOVE" : "UID COPY";
	enum err e = with_folder(m, command, uids, count, folder);

	/* RFC 3501, 6.4.7: the answer to a folder that is not there is NO [TRYCREATE]. */
	if (e == ERR_DENIED && slice_starts_i(slice_str(m->said), S("[TRYCREATE]"))) {
		e = make_folder(m, folder);
		if (e == OK)
			e = with_folder(m, command, uids, count, folder);
	}
	return e == OK && !m->can_move ? imap_delete(m, uids, count) : e;
}
