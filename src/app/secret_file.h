/*
 * Files with secrets: read by the parent before it gives its privileges up, handed to children in
 * sealed memory.
 */
#ifndef APP_SECRET_FILE_H
#define APP_SECRET_FILE_H

#include "base/slice.h"

#define SECRET_FILE_MAX 8192u

struct secret_text {
	size_t len;
	char bytes[SECRET_FILE_MAX];
};

/*
 * ERR_NOTFOUND, ERR_IO: it cannot be read.  ERR_DENIED: this user may not read it, or others may
 * read or change it.  ERR_LIMIT: too long.  *diag says so.  The caller wipes *out.
 */
enum err secret_file_read(const char *path, struct secret_text *out, struct diag *diag) MUST_USE;
/* Memory with the text that nobody can change; name is for people who look.  ERR_IO. */
enum err secret_keep(const struct secret_text *text, const char *name, int *fd_out,
                     struct diag *diag) MUST_USE;
/* What secret_keep kept.  ERR_IO, ERR_LIMIT. */
enum err secret_kept(int fd, struct secret_text *out) MUST_USE;

#endif
