#include "base/err.h"

const char *err_name(enum err e)
{
	static const char *const names[] = {
		[OK] = "ok",
		[ERR_AGAIN] = "again",
		[ERR_SYNTAX] = "syntax",
		[ERR_LIMIT] = "limit",
		[ERR_NOTFOUND] = "not-found",
		[ERR_CONFLICT] = "conflict",
		[ERR_DENIED] = "denied",
		[ERR_GUARD] = "guard",
		[ERR_UNAVAILABLE] = "unavailable",
		[ERR_CRYPTO] = "crypto",
		[ERR_IO] = "io",
		[ERR_CLOSED] = "closed",
	};
	return (size_t)e < ARRAY_LEN(names) ? names[e] : "unknown";
}

enum err diag_at(struct diag *d, enum err code, unsigned line, size_t offset, const char *why)
{
	if (d != NULL)
		*d = (struct diag){ .code = code, .line = line, .offset = offset, .why = why };
	return code;
}

enum err diag_set(struct diag *d, enum err code, unsigned line, const char *why)
{
	return diag_at(d, code, line, 0, why);
}
