#include "app/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum err secret_kept(int fd, struct secret_text *out)
{
	out->len = 0;
	while (out->len < SECRET_FILE_MAX) {
		ssize_t n = pread(fd, out->bytes + out->len, SECRET_FILE_MAX - out->len,
		                  (off_t)out->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return OK;
		out->len += (size_t)n;
	}
	return ERR_LIMIT;
}

static enum err read_open(int fd, struct secret_text *out, struct diag *diag)
{
	struct stat st;
	enum err e;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return diag_set(diag, ERR_IO, 0, "is not a file");
	if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return diag_set(diag, ERR_DENIED, 0, "others may read or change it");
	e = secret_kept(fd, out);
	return e == OK ? OK : diag_set(diag, e, 0, "cannot be read, or is too long");
}

enum err secret_file_read(const char *path, struct secret_text *out, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum err e;

	if (fd < 0 && errno == EACCES)
		return diag_set(diag, ERR_DENIED, 0, "this user may not read it");
	if (fd < 0)
		return diag_set(diag, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, 0,
		                errno == ENOENT ? "there is no such file" : "cannot be opened");
	e = read_open(fd, out, diag);
	(void)close(fd); /* only read from */
	return e;
}

enum err secret_keep(const struct secret_text *text, const char *name, int *fd_out,
                     struct diag *diag)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return diag_set(diag, ERR_IO, 0, "cannot be kept in memory");
	if (write(fd, text->bytes, text->len) != (ssize_t)text->len ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
		(void)close(fd); /* not kept */
		return diag_set(diag, ERR_IO, 0, "cannot be kept in memory");
	}
	*fd_out = fd;
	return OK;
}
