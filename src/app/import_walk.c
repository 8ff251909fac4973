#include "app/import_walk.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/slice.h"

#define DEPTH_MAX 64u /* of directories in directories */

/* Names that are taken, with what intake shall expect inside. */
static const char *kind_of(const char *name, bool in_maildir)
{
	static const struct {
		const char *suffix, *kind;
	} rows[] = {
		{ ".json", "json" }, { ".gz", "gz" },     { ".zip", "zip" },
		{ ".eml", "eml" },   { ".mbox", "mbox" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_ends_i(slice_str(name), slice_str(rows[i].suffix)))
			return rows[i].kind;
	return in_maildir ? "eml" : NULL;
}

static bool walk_folder(const struct import_visitor *v, const char *path, unsigned depth);

static bool is_maildir_part(const char *path)
{
	struct slice p = slice_str(path);

	while (slice_ends(p, S("/")))
		p.len--;
	return slice_ends(p, S("/cur")) || slice_ends(p, S("/new")) || slice_eq(p, S("cur")) ||
	       slice_eq(p, S("new"));
}

static bool walk_entry(const struct import_visitor *v, const char *folder,
                       const struct dirent *entry, unsigned depth)
{
	const char *kind = kind_of(entry->d_name, is_maildir_part(folder));
	unsigned char type = entry->d_type;
	char path[PATH_MAX];
	struct stat st;

	if (entry->d_name[0] == '.')
		return true;
	if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path)) {
		v->fault(v->arg, folder, "has an entry whose path is too long");
		return true;
	}
	if (type == DT_UNKNOWN && lstat(path, &st) == 0)
		type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_UNKNOWN;
	if (type == DT_DIR)
		return walk_folder(v, path, depth + 1);
	return kind == NULL || type != DT_REG ? true : v->file(v->arg, path, kind);
}

/* Entries in the order of their names, so that two runs do the same. */
static bool walk_folder(const struct import_visitor *v, const char *path, unsigned depth)
{
	struct dirent **entries;
	bool alive = true;
	int n = depth > DEPTH_MAX ? -1 : scandir(path, &entries, NULL, alphasort);

	if (n < 0) {
		v->fault(v->arg, path,
		         depth > DEPTH_MAX ? "too many directories in directories"
		                           : strerror(errno));
		return true;
	}
	for (int i = 0; i < n; i++) {
		alive = alive && walk_entry(v, path, entries[i], depth);
		free(entries[i]);
	}
	free(entries);
	return alive;
}

/* The directory that path lies in calls itself cur or new. */
static bool lies_in_maildir(const char *path, const char *slash)
{
	char folder[PATH_MAX];

	if (slash == NULL)
		return false;
	return snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path) <
	               (int)sizeof(folder) &&
	       is_maildir_part(folder);
}

bool import_walk(const char *path, const struct import_visitor *v)
{
	const char *slash = strrchr(path, '/'), *kind;
	struct stat st;

	if (stat(path, &st) != 0) {
		v->fault(v->arg, path, strerror(errno));
		return true;
	}
	if (S_ISDIR(st.st_mode))
		return walk_folder(v, path, 0);
	kind = kind_of(slash == NULL ? path : slash + 1, lies_in_maildir(path, slash));
	if (kind != NULL)
		return v->file(v->arg, path, kind);
	v->passed_over(v->arg, path);
	return true;
}
