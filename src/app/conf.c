#include "app/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/conf_internal.h"
#include "app/nearest.h"
#include "net/trusted.h"

#define VALUE_MAX 4096u
#define LINE_WIDTH 190u /* of --print-config; longer lines are not read back */

void conf_error_add(struct conf_errors *errors, const char *where, const char *why, const char *fix)
{
	if (errors->count < CONF_ERRORS_MAX)
		errors->list[errors->count] = (struct conf_error){
			.where = arena_str(errors->arena, slice_str(where)),
			.why = arena_str(errors->arena, slice_str(why)),
			.fix = fix == NULL ? NULL : arena_str(errors->arena, slice_str(fix)),
		};
	errors->count++;
}

const char *conf_error_fix(const struct conf_error *e)
{
	return e->fix != NULL ? e->fix : "man mxseal.conf says what each setting takes";
}

static const char *title(struct arena *a, const char *section, const char *key)
{
	return arena_printf(a, "[%s] %s", section, key);
}

/* What no kind of value may hold, since it would not read back. */
static const char *unfit(const char *text)
{
	if (strlen(text) > VALUE_MAX)
		return "is too long";
	if (!slice_is_utf8(slice_str(text)))
		return "is not UTF-8";
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "holds a control character";
	if (strstr(text, " ;") != NULL || strstr(text, " #") != NULL)
		return "holds a comment sign; a comment behind a value begins with \" ;\"";
	return NULL;
}

enum err conf_apply(struct conf *c, const struct conf_spot *spot, const char *text,
                    const char *from, struct conf_errors *errors)
{
	const char *normal = text;
	const char *trimmed = arena_str(c->arena, slice_trim(slice_str(text)));
	const char *why = unfit(trimmed);

	if (why == NULL)
		why = spot->row->type->read(spot->row, trimmed, c, spot->place, &normal);
	if (why != NULL) {
		conf_error_add(errors, from,
		               arena_printf(c->arena, "%s %s",
		                            title(c->arena, spot->section, spot->row->key), why),
		               NULL);
		return ERR_SYNTAX;
	}
	*spot->origin = (struct conf_origin){
		.text = arena_str(c->arena, slice_str(normal)),
		.from = arena_str(c->arena, slice_str(from)),
	};
	return OK;
}

static struct conf_spot spot_of(struct conf *c, const struct conf_row *row)
{
	return (struct conf_spot){ row, (char *)c + row->place, &c->origin[row - conf_rows],
		                   row->section };
}

enum err conf_find(struct conf *c, const char *section, const char *key, struct conf_spot *out)
{
	const struct conf_row *row = conf_row_find(section, key);
	struct slice name;

	if (conf_mailbox_name(section, &name))
		return conf_mailbox_find(c, name, key, out);
	if (row == NULL)
		return ERR_NOTFOUND;
	*out = spot_of(c, row);
	return OK;
}

struct conf *conf_new(void)
{
	struct arena *a = arena_new();
	struct conf *c = arena_alloc(a, sizeof(*c));
	struct conf_errors none = { .arena = a };

	c->arena = a;
	for (size_t i = 0; i < conf_row_count; i++) {
		struct conf_spot spot = spot_of(c, &conf_rows[i]);

		if (conf_apply(c, &spot, conf_rows[i].preset, "default", &none) != OK)
			log_fatal("a default setting is not allowed by its own row");
	}
	return c;
}

void conf_free(struct conf *c)
{
	if (c != NULL)
		arena_free(c->arena); /* c itself lies in it */
}

static const char *suggest_mailbox(struct arena *a, const char *section, const char *key)
{
	struct nearest in;
	struct slice name;

	if (!conf_mailbox_name(section, &name))
		return "write [imap NAME], NAME of a-z, 0-9, - and _";
	nearest_init(&in, key);
	for (size_t i = 0; i < conf_mailbox_row_count; i++)
		nearest_offer(&in, conf_mailbox_rows[i].key);
	return in.best == NULL ? "see man mxseal.conf"
	                       : arena_printf(a, "did you mean %s?", title(a, section, in.best));
}

/* The nearest setting in the same section, else the nearest section, else the key elsewhere. */
static const char *suggestion(struct arena *a, const char *section, const char *key)
{
	struct nearest in, other, whole;
	bool known = conf_section_help(section) != NULL;

	nearest_init(&in, key);
	nearest_init(&other, section);
	nearest_init(&whole, key);
	if (strcmp(section, "imap") == 0 || slice_starts(slice_str(section), S("imap ")))
		return suggest_mailbox(a, section, key);
	for (size_t i = 0; i < conf_row_count; i++) {
		nearest_offer(&other, conf_rows[i].section);
		if (strcmp(conf_rows[i].section, section) == 0)
			nearest_offer(&in, conf_rows[i].key);
		else
			nearest_offer(&whole, conf_rows[i].key);
	}
	if (in.best != NULL)
		return arena_printf(a, "did you mean [%s] %s?", section, in.best);
	if (!known && other.best != NULL)
		return arena_printf(a, "did you mean [%s]?", other.best);
	for (size_t i = 0; whole.best != NULL && i < conf_row_count; i++)
		if (conf_rows[i].key == whole.best)
			return arena_printf(a, "did you mean %s?",
			                    title(a, conf_rows[i].section, conf_rows[i].key));
	return "see man mxseal.conf";
}

void conf_unknown(struct conf_errors *errors, const char *where, const char *section,
                  const char *key)
{
	struct arena *a = errors->arena;
	bool known = conf_section_help(section) != NULL;
	const char *why = section[0] == '\0' ? arena_printf(a, "%s stands before any section", key)
	                  : known ? arena_printf(a, "[%s] has no setting %s", section, key)
	                          : arena_printf(a, "there is no section [%s]", section);

	conf_error_add(errors, where, why, suggestion(a, section, key));
}

void conf_not_found(struct conf_errors *errors, const char *where, const char *section,
                    const char *key, enum err e)
{
	if (e == ERR_LIMIT)
		conf_error_add(errors, where, "there are too many sections [imap NAME]",
		               "at most 16 mailboxes are polled");
	else
		conf_unknown(errors, where, section, key);
}

enum err conf_set(struct conf *c, const struct conf_setting *s, struct conf_errors *errors)
{
	struct slice section, key, name;
	struct conf_spot spot;

	if (!slice_cut(slice_str(s->key), '.', &section, &key))
		return ERR_NOTFOUND;
	const char *title = arena_str(c->arena, section);
	if (slice_eq(section, S("imap")) && slice_cut(key, '.', &name, &key))
		title = arena_printf(c->arena, "imap %.*s", SLICE_ARGS(name));
	enum err e = conf_find(c, title, key.p, &spot);
	if (e != OK) {
		conf_not_found(errors, s->from, title, key.p, e);
		return ERR_NOTFOUND;
	}
	return conf_apply(c, &spot, s->value, s->from, errors);
}

static bool nth_of_mailboxes(const struct conf *c, size_t i, struct conf_setting *out)
{
	const struct conf_mailbox *m = &c->mailboxes[i / conf_mailbox_row_count];
	size_t row = i % conf_mailbox_row_count;

	if (i / conf_mailbox_row_count >= c->mailbox_count)
		return false;
	*out = (struct conf_setting){
		.key = arena_printf(c->arena, "imap.%s.%s", m->name, conf_mailbox_rows[row].key),
		.value = m->origin[row].text,
		.from = m->origin[row].from,
	};
	return true;
}

bool conf_nth(const struct conf *c, size_t i, struct conf_setting *out)
{
	if (i >= conf_row_count)
		return nth_of_mailboxes(c, i - conf_row_count, out);
	*out = (struct conf_setting){
		.key = arena_printf(c->arena, "%s.%s", conf_rows[i].section, conf_rows[i].key),
		.value = c->origin[i].text,
		.from = c->origin[i].from,
	};
	return true;
}

const char *conf_path(const struct conf *c, const char *name)
{
	return arena_printf(c->arena, "%s/%s", c->server.state, name);
}

/* The whole of a small file, without its line end; NULL: it cannot be read. */
static const char *small_file(struct arena *a, const char *path)
{
	char text[VALUE_MAX + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		(void)close(fd); /* only read from */
	return n < 0 ? NULL : arena_str(a, slice_trim(slice_of(text, (size_t)n)));
}

static void lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;
}

/* One variable MXSEAL_SECTION__KEY or MXSEAL_SECTION__KEY_FILE. */
static void apply_variable(struct conf *c, const char *name, const char *value,
                           struct conf_errors *errors)
{
	char *section = arena_str(c->arena, slice_str(name + strlen("MXSEAL_")));
	char *key = strstr(section, "__");
	struct conf_spot spot;
	enum err e;

	*key = '\0';
	key += 2;
	lower(section);
	lower(key);
	if (slice_starts(slice_str(section), S("imap_")))
		section[4] = ' ';
	e = conf_find(c, section, key, &spot);
	if (e == ERR_NOTFOUND && slice_ends(slice_str(key), S("_file"))) {
		const char *stem = arena_str(c->arena, slice_head(slice_str(key), strlen(key) - 5));

		e = conf_find(c, section, stem, &spot);
		if (e == OK)
			value = small_file(c->arena, value);
	}
	if (e != OK)
		conf_not_found(errors, name, section, key, e);
	else if (value == NULL)
		conf_error_add(errors, name, "the file it names cannot be read",
		               "check the path and who may read it");
	else
		conf_apply(c, &spot, value, name, errors); /* counted in errors */
}

static void apply_environment(struct conf *c, char *const *environment, struct conf_errors *errors)
{
	for (; environment != NULL && *environment != NULL; environment++) {
		struct slice name, value;

		if (!slice_starts(slice_str(*environment), S("MXSEAL_")) ||
		    !slice_cut(slice_str(*environment), '=', &name, &value) ||
		    slice_find_slice(slice_skip(name, strlen("MXSEAL_")), S("__")) == SIZE_MAX)
			continue;
		apply_variable(c, arena_str(c->arena, name), value.p, errors);
	}
}

static enum err read_file(struct conf *c, const char *path, struct slice *out,
                          struct conf_errors *errors)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = arena_alloc(c->arena, CONF_FILE_MAX + 1);
	size_t len = 0;
	ssize_t n = -1;

	if (fd < 0) {
		conf_error_add(errors, path,
		               errno == ENOENT ? "there is no such file"
		                               : "the file cannot be read",
		               "name the configuration with --config FILE, or try serve --demo");
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	}
	while (len <= CONF_FILE_MAX && (n = read(fd, text + len, CONF_FILE_MAX + 1 - len)) > 0)
		len += (size_t)n;
	(void)close(fd); /* only read from */
	if (n < 0) {
		conf_error_add(errors, path, "the file cannot be read", "name a regular file");
		return ERR_IO;
	}
	*out = slice_of(text, len);
	return OK;
}

static void apply_list(struct conf *c, const struct conf_setting *list, size_t count,
                       struct conf_errors *errors)
{
	for (size_t i = 0; i < count; i++)
		conf_set(c, &list[i], errors); /* counted in errors */
}

/* A listener that nobody may connect to is a mistake. */
static void check_behind(const struct conf *c, struct conf_errors *errors)
{
	struct trusted t = { .local = false };
	bool parsed = trusted_parse(slice_str(c->proxy.trusted), &t) == OK;

	for (size_t i = 0; parsed && i < c->listen.behind.count; i++) {
		bool local = c->listen.behind.at[i].any.ss_family == AF_UNIX;

		if (local && !t.local)
			conf_error_add(errors, "[proxy] trusted",
			               "lets nobody connect to the Unix socket of [listen] behind",
			               "add the word unix");
		if (!local && t.rules.net_count == 0)
			conf_error_add(errors, "[proxy] trusted",
			               "lets nobody connect to [listen] behind",
			               "add the address of the proxy");
	}
}

/* What no single value shows. */
static void check_whole(const struct conf *c, struct conf_errors *errors)
{
	const char *host = c->service.host, *report = c->report.host;

	conf_mailboxes_check(c, errors);
	if (host[0] != '\0' && strcmp(host, report) == 0)
		conf_error_add(errors, "[report] host", "is the same as [service] host",
		               "give the report host a name of its own");
	check_behind(c, errors);
	if (c->listen.smtp.count > 0 && report[0] == '\0')
		conf_error_add(errors, "[listen] smtp", "needs [report] host",
		               "name the host that senders deliver reports to");
	for (size_t i = 0; i < c->listen.tls.count; i++) {
		for (size_t k = 0; k < c->listen.http.count; k++) {
			char x[ADDRESS_TEXT_SIZE], y[ADDRESS_TEXT_SIZE];

			(void)address_format(&c->listen.tls.at[i].any, x);
			if (strcmp(x, address_format(&c->listen.http.at[k].any, y)) == 0)
				conf_error_add(errors, "[listen]",
				               "tls and http name the same address",
				               "give each its own port");
		}
	}
}

static enum err finished(struct conf *c, struct conf **out, struct conf_errors *errors)
{
	if (errors->count == 0)
		check_whole(c, errors);
	if (errors->count > 0) {
		conf_free(c);
		return ERR_SYNTAX;
	}
	*out = c;
	return OK;
}

enum err conf_load(const struct conf_sources *sources, struct conf **out,
                   struct conf_errors *errors)
{
	struct conf *c = conf_new();
	struct slice text;

	apply_list(c, sources->preset, sources->preset_count, errors);
	if (sources->file != NULL) {
		enum err e = read_file(c, sources->file, &text, errors);

		if (e != OK) {
			conf_free(c);
			return e;
		}
		conf_apply_file(c, text, sources->file, errors);
	}
	apply_environment(c, sources->environment, errors);
	apply_list(c, sources->flags, sources->flag_count, errors);
	return finished(c, out, errors);
}

enum err conf_parse(struct slice text, const char *name, struct conf **out,
                    struct conf_errors *errors)
{
	struct conf *c = conf_new();

	conf_apply_file(c, text, name, errors);
	return finished(c, out, errors);
}

/* One setting; a list that is too long for a line goes on in further ones. */
static void print_setting(const struct conf_row *row, const struct conf_origin *o, struct buf *out)
{
	struct slice rest = slice_str(o->text), value;
	bool first = true;

	if (strlen(row->key) + strlen(o->text) + strlen(o->from) + 8 < LINE_WIDTH) {
		buf_printf(out, "%s = %s  ; %s\n", row->key, o->text, o->from);
		return;
	}
	buf_printf(out, "; %s\n", o->from);
	if (!row->type->list) {
		buf_printf(out, "%s = %s\n", row->key, o->text);
		return;
	}
	while (slice_next(&rest, ' ', &value)) {
		if (first)
			buf_printf(out, "%s = ", row->key);
		else
			buf_add_str(out, "    ");
		buf_add(out, value);
		buf_add_char(out, '\n');
		first = false;
	}
}

void conf_print(const struct conf *c, struct buf *out)
{
	const char *section = "";

	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (strcmp(section, row->section) != 0)
			buf_printf(out, "%s[%s]\n", section[0] == '\0' ? "" : "\n", row->section);
		section = row->section;
		print_setting(row, &c->origin[i], out);
	}
	for (size_t i = 0; i < c->mailbox_count; i++) {
		buf_printf(out, "\n[imap %s]\n", c->mailboxes[i].name);
		for (size_t k = 0; k < conf_mailbox_row_count; k++)
			print_setting(&conf_mailbox_rows[k], &c->mailboxes[i].origin[k], out);
	}
}
