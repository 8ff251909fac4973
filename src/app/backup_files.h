/* The files of a backup: copied with their checksum, listed in its manifest. */
#ifndef APP_BACKUP_FILES_H
#define APP_BACKUP_FILES_H

#include "base/enc.h"
#include "base/mem.h"

#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_SCHEMA "mxseal.backup-manifest/1"
#define BACKUP_FILES_MAX 20000u /* archive segments of fifty years */

struct backup_file {
	const char *name; /* below the backup: "mxseal.db", "archive/20260512.seg" */
	uint64_t size;
	char sha256[SHA256_HEX_SIZE];
};

struct backup_manifest {
	int64_t made;
	bool demo;
	size_t count;
	struct backup_file *files;
};

/* Told after each piece of a long file. */
struct backup_watch {
	void (*piece)(void *arg, size_t bytes);
	void *arg;
};

/*
 * Copies from to the new file to, on the disk when it returns; *out gets size and checksum.  watch
 * may be NULL.  ERR_NOTFOUND: no such file.  ERR_CONFLICT: to is there.  ERR_IO (errno).
 */
enum err backup_copy(const char *from, const char *to, const struct backup_watch *watch,
                     struct backup_file *out) MUST_USE;

/*
 * Size of a file, and the checksum of its first bytes up to size_max.  ERR_NOTFOUND, ERR_IO.
 */
enum err backup_sum(const char *path, uint64_t size_max, struct backup_file *out) MUST_USE;

/* Writes DIR/manifest.json.  ERR_IO. */
enum err backup_manifest_write(const char *dir, const struct backup_manifest *m) MUST_USE;
/*
 * Reads it, strings in a.  ERR_NOTFOUND: this is no backup.  ERR_SYNTAX: it cannot be read, or
 * names other files than a backup has.
 */
enum err backup_manifest_read(const char *dir, struct arena *a,
                              struct backup_manifest *out) MUST_USE;

#endif
