#include "app/transfer_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/dial.h"

#define FILE_MAX 8192u
#define DNS_PORT 53

static enum err read_text(int fd, char text[FILE_MAX], size_t *len_out)
{
	size_t len = 0;

	while (len < FILE_MAX) {
		ssize_t n = pread(fd, text + len, FILE_MAX - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0) {
			*len_out = len;
			return OK;
		}
		len += (size_t)n;
	}
	return ERR_LIMIT;
}

static enum err read_keys(struct slice text, struct dns_peers *out, struct diag *diag)
{
	struct slice line;
	unsigned number = 0;

	while (slice_next_line(&text, &line)) {
		number++;
		line = slice_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (out->key_count == DNS_KEYS_MAX)
			return diag_set(diag, ERR_LIMIT, number, "there are more keys than eight");
		if (dns_tsig_key_parse(line, &out->keys[out->key_count]) != OK)
			return diag_set(diag, ERR_SYNTAX, number,
			                "is not a key such as hmac-sha256:NAME:BASE64");
		out->key_count++;
	}
	return out->key_count > 0 ? OK : diag_set(diag, ERR_SYNTAX, 0, "has no key in it");
}

static enum err keep(struct slice text, int *fd_out)
{
	int fd = memfd_create("transfer-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return ERR_IO;
	if (write(fd, text.p, text.len) != (ssize_t)text.len ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
		(void)close(fd); /* not kept */
		return ERR_IO;
	}
	*fd_out = fd;
	return OK;
}

static enum err load(int fd, int *fd_out, struct diag *diag)
{
	struct dns_peers *peers = mem_alloc(sizeof(*peers));
	char text[FILE_MAX];
	struct stat st;
	size_t len = 0;
	enum err e = OK;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		e = diag_set(diag, ERR_IO, 0, "is not a file");
	else if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		e = diag_set(diag, ERR_DENIED, 0, "others may read or change it");
	if (e == OK && read_text(fd, text, &len) != OK)
		e = diag_set(diag, ERR_IO, 0, "cannot be read, or is too long");
	if (e == OK)
		e = read_keys(slice_of(text, len), peers, diag);
	if (e == OK && keep(slice_of(text, len), fd_out) != OK)
		e = diag_set(diag, ERR_IO, 0, "cannot be kept in memory");
	mem_wipe(text, sizeof(text));
	mem_wipe(peers, sizeof(*peers));
	mem_free(peers);
	return e;
}

enum err transfer_keys_load(const char *path, int *fd_out, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum err e;

	if (fd < 0)
		return diag_set(diag, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, 0,
		                errno == ENOENT ? "there is no such file" : "cannot be opened");
	e = load(fd, fd_out, diag);
	(void)close(fd); /* only read from */
	return e;
}

void transfer_peers(const struct conf *conf, int fd, struct dns_peers *out)
{
	struct slice rest = slice_str(conf->service.secondaries), word;
	char text[FILE_MAX];
	struct dial_addr a;
	size_t len = 0;

	*out = (struct dns_peers){ 0 };
	while (out->secondary_count < DNS_SECONDARIES_MAX && slice_next(&rest, ' ', &word)) {
		if (dial_addr_parse(word, DNS_PORT, &a) != OK)
			continue;
		memcpy(&out->secondaries[out->secondary_count++], &a.u, a.len);
	}
	if (fd < 0 || read_text(fd, text, &len) != OK)
		return;
	if (read_keys(slice_of(text, len), out, NULL) != OK)
		out->key_count = 0;
	mem_wipe(text, sizeof(text));
}
