/*
 * Runs a command of the operator's with a text on its standard input, and waits for it.
 *
 * The command line goes to /bin/sh as it stands in the configuration; nothing that a peer or a
 * database says is ever part of it.
 */
#ifndef SERVICE_HOOK_H
#define SERVICE_HOOK_H

#include <stdatomic.h>

#include "base/buf.h"

#define HOOK_WORDS_MAX 1000u

struct hook_result {
	int code;                       /* its exit status; -1: it was ended, see words */
	char words[HOOK_WORDS_MAX + 1]; /* the first line of its standard error, or why it ended */
};

/*
 * After timeout_ms, or when *stop (may be NULL) becomes true, it and what it started is ended.
 * Its standard output is appended to output (NULL: dropped), as far as there is room.
 * ERR_IO: it cannot be started.
 */
enum err hook_run(const char *command, struct slice input, unsigned timeout_ms,
                  const atomic_bool *stop, struct buf *output, struct hook_result *out) MUST_USE;

#endif
