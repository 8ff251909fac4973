/* Import: files of an operator, read first and archived when there is something new in them. */
#include <unistd.h>

#include "net/clock.h"
#include "service/intake_control.h"

/* The part of a path that says something: behind the last slash. */
static struct slice base_name(struct slice path)
{
	for (size_t i = path.len; i > 0; i--) {
		if (path.p[i - 1] == '/')
			return slice_skip(path, i);
	}
	return path;
}

static void file_free(struct control_file *f)
{
	if (f->open)
		source_fini(&f->source);
	arena_free(f->arena);
	mem_free(f);
}

void import_free_files(struct control_conn *c)
{
	while (c->files != NULL) {
		struct control_file *next = c->files->next;

		file_free(c->files);
		c->files = next;
	}
}

enum err import_add_file(struct control_conn *c, struct slice line, int fd)
{
	struct control_file *f = mem_alloc(sizeof(*f));
	struct line_file said;
	enum err e;

	f->conn = c;
	f->arena = arena_new();
	e = line_parse_file(line, f->arena, &said);
	if (e != OK) {
		(void)close(fd); /* only opened */
		file_free(f);
		return e;
	}
	f->name = said.name;
	f->mail = said.mail;
	f->open = source_init(&f->source, fd,
	                      said.bundle ? SOURCE_BUNDLE
	                      : said.mbox ? SOURCE_MBOX
	                                  : SOURCE_FILE,
	                      said.mbox ? SOURCE_MAIL_MAX : ARCHIVE_BYTES_MAX, true) == OK;
	if (!f->open) {
		(void)close(fd); /* only opened */
		f->counts.error = "is no regular file";
	}
	*c->files_last = f;
	c->files_last = &f->next;
	c->file_count++;
	return OK;
}

static void note_foreign(struct control_file *f, const char *name)
{
	size_t n = f->counts.foreign_count;

	if (f->foreign == NULL)
		f->foreign = arena_calloc(f->arena, CONTROL_FOREIGN_MAX, sizeof(*f->foreign));
	f->counts.foreign_names = f->foreign;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(f->foreign[i], name) == 0)
			return;
	}
	if (n == CONTROL_FOREIGN_MAX)
		return;
	f->foreign[n] = arena_str(f->arena, slice_str(name));
	f->counts.foreign_count++;
}

static void on_done(void *arg, const struct item *it, enum err e)
{
	struct control_file *f = arg;
	struct control_conn *c = f->conn;

	f->under_way--;
	if (e == OK)
		control_add_counts(&f->counts, &it->counts);
	else
		f->counts.error = CONTROL_NOT_STORED;
	for (size_t i = 0; e == OK && i < it->foreign_count; i++)
		note_foreign(f, it->foreign[i]);
	control_item_done(c, it);
}

static void submit(struct control_file *f, struct item *it)
{
	bool bundle = f->source.form == SOURCE_BUNDLE;
	bool mail = bundle ? f->source.item.kind == ARCHIVE_MAIL : f->mail;
	struct slice name = base_name(bundle ? f->source.item.name : f->name);

	it->record.way = ARCHIVE_IMPORT;
	it->record.kind = mail ? ARCHIVE_MAIL : ARCHIVE_REPORT;
	it->record.received = clock_now_s();
	it->record.hint = arena_copy(it->arena, slice_head(name, ARCHIVE_HINT_MAX));
	it->record.bytes = buf_slice(&it->store);
	enc_sha256(it->record.bytes, it->record.sha256);
	it->trust = TRUST_IMPORTED;
	it->dry_run = f->conn->dry_run;
	it->done = on_done;
	it->arg = f;
	f->under_way++;
	control_submit(f->conn, it);
}

/* The next message of f; false: it has no more. */
static bool read_one(struct control_file *f)
{
	struct item *it = item_new(ITEM_IMPORT);
	enum err e = source_next(&f->source, &it->store);

	if (e == OK) {
		submit(f, it);
		return true;
	}
	item_free(it);
	if (e == ERR_LIMIT)
		f->counts.error = f->source.form == SOURCE_MBOX
		                          ? "a message in it is larger than 25 MiB"
		                          : "is larger than 64 MiB";
	else if (e == ERR_IO)
		f->counts.error = "cannot be read";
	return e == ERR_LIMIT;
}

static void answer_first(struct control_conn *c)
{
	struct control_file *f = c->files;

	line_format_file(f->name, &f->counts, &c->out);
	c->files = f->next;
	if (c->files == NULL)
		c->files_last = &c->files;
	c->file_count--;
	file_free(f);
}

void import_go(struct control_conn *c)
{
	struct control_file *f = c->files;

	while (f != NULL && control_has_room(c)) {
		if (f->open && !read_one(f)) {
			source_fini(&f->source);
			f->open = false;
		}
		if (!f->open)
			f = f->next;
	}
	while (c->files != NULL && !c->files->open && c->files->under_way == 0)
		answer_first(c);
}
