/*
 * The keys of secondaries: read by the parent before it gives its privileges up, handed to
 * children in sealed memory.
 *
 * The file has one key a line, "[ALGORITHM:]NAME:BASE64" as `kdig -y` takes it and as the first
 * line of `keymgr -t NAME` says behind its "# "; lines that begin with "#" and empty ones do not
 * count.  The first key signs what we send.
 */
#ifndef APP_TRANSFER_KEYS_H
#define APP_TRANSFER_KEYS_H

#include "app/conf.h"
#include "service/dns_transfer.h"

/*
 * Reads and checks the file; *fd_out is the memory with its text.  ERR_NOTFOUND, ERR_IO: it
 * cannot be read.  ERR_DENIED: this user may not read it, or others may.  ERR_SYNTAX, ERR_LIMIT:
 * *diag says in which line.
 */
enum err transfer_keys_load(const char *path, int *fd_out, struct diag *diag) MUST_USE;

/*
 * What the settings and that memory (fd -1: none) say.  Both were checked before, what is wrong
 * with them all the same is left out.
 */
void transfer_peers(const struct conf *conf, int fd, struct dns_peers *out);

#endif
