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

/*
 * The same for what must not be done twice: a line is written to the descriptor receipt when the
 * command has ended with status 0, also when this process is gone by then.  The shell that does so
 * holds receipt (and a lock on it) for as long; the command does not.  All of the input, which has
 * HOOK_NOTED_MAX bytes at most, is handed over before the command starts.  When *stop becomes true
 * it is left alone.  ERR_LIMIT: too much input.  ERR_CLOSED: stopped; the receipt will tell.
 */
#define HOOK_NOTED_MAX 60000u
enum err hook_run_noted(const char *command, struct slice input, unsigned timeout_ms,
                        const atomic_bool *stop, int receipt, struct hook_result *out) MUST_USE;

#endif
