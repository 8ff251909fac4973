/*
 * What a command of the operator's prints.
 *
 * The command line goes to /bin/sh as it stands in the configuration; nothing that a peer or a
 * database says is ever part of it.  It reads nothing.
 */
#ifndef SERVICE_PRINTED_H
#define SERVICE_PRINTED_H

#include "base/buf.h"

#define PRINTED_WORDS_SIZE 200u

/*
 * Runs it, waits for its end and appends its standard output to out, as far as there is room.
 * ERR_UNAVAILABLE: it could not be started, did not end within timeout_ms (then it and what it
 * started is ended), or ended with another status than 0; words say which, with the first line of
 * its error output.
 */
enum err printed_run(const char *command, unsigned timeout_ms, struct buf *out,
                     char words[PRINTED_WORDS_SIZE]) MUST_USE;

#endif
