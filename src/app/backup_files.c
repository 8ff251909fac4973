#include "app/backup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utc.h"

#define MANIFEST_MAX ((size_t)8 << 20)
#define PIECE ((size_t)16 << 20)
#define SEGMENT_NAME_LEN 20u /* "archive/YYYYMMDD.seg" */

static enum err of_errno(void)
{
	return errno == ENOENT ? ERR_NOTFOUND : errno == EEXIST ? ERR_CONFLICT : ERR_IO;
}

/* The file's bytes, mapped; an empty file gives an empty slice. */
static enum err map(const char *path, struct slice *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err e = OK;
	struct stat st;

	if (fd < 0)
		return of_errno();
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		e = ERR_IO;
	*out = S("");
	if (e == OK && st.st_size > 0) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (p == MAP_FAILED)
			e = ERR_IO;
		else
			*out = slice_of(p, (size_t)st.st_size);
	}
	(void)close(fd); /* only read from */
	return e;
}

static void unmap(struct slice s)
{
	if (s.len > 0)
		(void)munmap((void *)(uintptr_t)s.p, s.len); /* it was mapped so */
}

static void sum(struct slice bytes, struct backup_file *out)
{
	out->size = bytes.len;
	(void)enc_sha256_hex(bytes, out->sha256);
}

static enum err write_new(const char *path, struct slice bytes, const struct backup_watch *watch)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum err e = OK;

	if (fd < 0)
		return of_errno();
	while (e == OK && bytes.len > 0) {
		ssize_t n = write(fd, bytes.p, bytes.len < PIECE ? bytes.len : PIECE);

		if (n > 0)
			bytes = slice_skip(bytes, (size_t)n);
		else if (errno != EINTR)
			e = ERR_IO;
		if (n > 0 && watch != NULL)
			watch->piece(watch->arg, (size_t)n);
	}
	if (e == OK && fsync(fd) != 0)
		e = ERR_IO;
	return close(fd) == 0 ? e : ERR_IO;
}

enum err backup_copy(const char *from, const char *to, const struct backup_watch *watch,
                     struct backup_file *out)
{
	struct slice bytes;
	enum err e = map(from, &bytes);

	if (e != OK)
		return e;
	e = write_new(to, bytes, watch);
	if (e == OK)
		sum(bytes, out);
	unmap(bytes);
	return e;
}

enum err backup_sum(const char *path, uint64_t size_max, struct backup_file *out)
{
	struct slice bytes;
	enum err e = map(path, &bytes);

	if (e != OK)
		return e;
	sum(bytes.len > size_max ? slice_head(bytes, (size_t)size_max) : bytes, out);
	out->size = bytes.len;
	unmap(bytes);
	return OK;
}

enum err backup_manifest_write(const char *dir, const struct backup_manifest *m)
{
	char path[4096], time[UTC_TEXT_SIZE];
	json_t *files = json_array(), *root;
	int n = snprintf(path, sizeof(path), "%s/" BACKUP_MANIFEST, dir);
	char *text;
	enum err e;

	for (size_t i = 0; i < m->count; i++)
		(void)json_array_append_new(files,
		                            json_pack("{s:s, s:I, s:s}", "name", m->files[i].name,
		                                      "size", (json_int_t)m->files[i].size,
		                                      "sha256", m->files[i].sha256));
	root = json_pack("{s:s, s:s, s:b, s:o}", "schema", BACKUP_SCHEMA, "made",
	                 utc_format(m->made, time), "demo", (int)m->demo, "files", files);
	text = json_dumps(root, JSON_INDENT(1));
	e = n > 0 && (size_t)n < sizeof(path) && text != NULL
	            ? write_new(path, slice_str(text), NULL)
	            : ERR_IO;
	free(text); /* jansson's */
	json_decref(root);
	return e;
}

/* Nothing outside the folders of a backup can be named. */
static bool name_is_good(const char *name)
{
	struct slice s = slice_str(name);

	if (strcmp(name, "mxseal.db") == 0 || strcmp(name, "edge.db") == 0)
		return true;
	return s.len == SEGMENT_NAME_LEN && slice_starts(s, S("archive/")) &&
	       strspn(name + 8, "0123456789") == 8 && strcmp(name + 16, ".seg") == 0;
}

static enum err read_files(const json_t *list, struct arena *a, struct backup_manifest *m)
{
	m->count = json_array_size(list);
	if (m->count == 0 || m->count > BACKUP_FILES_MAX)
		return ERR_SYNTAX;
	m->files = arena_calloc(a, m->count, sizeof(*m->files));
	for (size_t i = 0; i < m->count; i++) {
		const json_t *row = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *sha = json_string_value(json_object_get(row, "sha256"));
		json_int_t size = json_integer_value(json_object_get(row, "size"));

		if (name == NULL || sha == NULL || size < 0 || !name_is_good(name) ||
		    strlen(sha) != SHA256_HEX_SIZE - 1)
			return ERR_SYNTAX;
		m->files[i].name = arena_printf(a, "%s", name);
		m->files[i].size = (uint64_t)size;
		memcpy(m->files[i].sha256, sha, SHA256_HEX_SIZE);
	}
	return OK;
}

enum err backup_manifest_read(const char *dir, struct arena *a, struct backup_manifest *out)
{
	struct backup_manifest m = { 0 };
	const char *made;
	struct slice text;
	bool zoned;
	enum err e = map(arena_printf(a, "%s/" BACKUP_MANIFEST, dir), &text);

	if (e != OK)
		return e;
	json_t *root = text.len > MANIFEST_MAX
	                       ? NULL
	                       : json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	unmap(text);
	made = json_string_value(json_object_get(root, "made"));
	m.demo = json_is_true(json_object_get(root, "demo"));
	e = made == NULL ? ERR_SYNTAX : utc_parse(slice_str(made), &m.made, &zoned);
	if (e == OK)
		e = read_files(json_object_get(root, "files"), a, &m);
	json_decref(root);
	if (e == OK)
		*out = m;
	return e;
}
