/* Temporary directories for tests that need files; a failure here ends the test program. */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/slice.h"

/* A new directory below TMPDIR or /tmp; release it with tree_free. */
static inline char *tree_new(void)
{
	const char *base = getenv("TMPDIR");
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/mxseal-test-XXXXXX", base == NULL ? "/tmp" : base);
	if (mkdtemp(path) == NULL)
		abort();
	return mem_strdup(path);
}

static inline const char *tree_path(const char *dir, const char *name, char out[512])
{
	(void)snprintf(out, 512, "%s/%s", dir, name);
	return out;
}

/* Removes dir with the files in it (no directories below). */
static inline void tree_free(char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[512];

	while (d != NULL && (e = readdir(d)) != NULL)
		(void)unlink(tree_path(dir, e->d_name, path)); /* "." and ".." refuse */
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(dir);
	mem_free(dir);
}

/* Replaces the content of a file. */
static inline void tree_write(const char *dir, const char *name, struct slice content)
{
	char path[512];
	int fd = open(tree_path(dir, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, content.p, content.len) != (ssize_t)content.len || close(fd) != 0)
		abort();
}

/* The whole file; release it with tree_free_slice. */
static inline struct slice tree_read(const char *dir, const char *name)
{
	char path[512];
	int fd = open(tree_path(dir, name, path), O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) != 0)
		abort();
	p = mem_alloc((size_t)st.st_size);
	if (read(fd, p, (size_t)st.st_size) != st.st_size || close(fd) != 0)
		abort();
	return slice_of(p, (size_t)st.st_size);
}

static inline void tree_free_slice(struct slice s)
{
	union {
		const char *in;
		char *out;
	} cast = { .in = s.p };

	mem_free(cast.out);
}

#endif
