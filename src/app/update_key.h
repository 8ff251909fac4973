/*
 * The key that signs changes of customers' zones ([dns] tsig_file).
 *
 * As tsig-keygen writes it, or one key a line as `kdig -y` takes it, or the secret alone in base64
 * with its name given; lines that begin with "#" and empty ones do not count.
 */
#ifndef APP_UPDATE_KEY_H
#define APP_UPDATE_KEY_H

#include "wire/dns_tsig.h"

/* The key of that name, or with name "" the first.  ERR_SYNTAX: there is none; *diag says where. */
enum err update_key_parse(struct slice text, const char *name, struct dns_tsig_key *out,
                          struct diag *diag) MUST_USE;
/* Reads and checks the file; *fd_out is the memory with its text.  Errors as secret_file_read's. */
enum err update_key_load(const char *path, const char *name, int *fd_out,
                         struct diag *diag) MUST_USE;
/* From that memory.  False: fd is -1. */
bool update_key_take(int fd, const char *name, struct dns_tsig_key *out);

#endif
