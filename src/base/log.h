/*
 * The log: one line per event on standard error.
 *
 *   log_warn("report refused", F("peer", addr), F("reason", d.why));
 *
 * The sentence is constant; what a peer sent goes into field values only, which
 * are escaped here and cut at 256 bytes.  Floors below net do not log.
 * error: somebody must act.  warn: something was refused or lost.  info: one line
 * per finished unit of work.  debug: state changes.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char *key;
	struct slice value;
	bool number; /* value is one: JSON lines have it without quotes */
};

/* A field from a C string, a slice, or an integer. */
#define F(k, v) ((struct log_field){ (k), slice_str(v), false })
#define FS(k, s) ((struct log_field){ (k), (s), false })
#define FN(k, n) \
	((struct log_field){ (k), slice_str(log_number((int64_t)(n), (char[24]){ 0 })), true })

/* The last field of every call; put there by the macros. */
#define LOG_END ((struct log_field){ NULL, { NULL, 0 }, false })
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__, LOG_END)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__, LOG_END)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__, LOG_END)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__, LOG_END)

/* Process-wide: the least level written, JSON lines or text, and the role every line names. */
void log_setup(enum log_level least, bool json, const char *role);
/* Use the macros.  The arguments behind msg are struct log_field, the last is LOG_END. */
void log_write(enum log_level level, const char *msg, ...);
/* Writes n into out and returns out. */
const char *log_number(int64_t n, char out[24]);
/* Says why and ends the process at once; for exhaustion and broken invariants. */
NORETURN void log_fatal(const char *why);

#endif
