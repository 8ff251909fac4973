#include "service/refusal.h"

#include <stdarg.h>
#include <stdio.h>

PRINTF_LIKE(2, 0)
static void words(char out[REFUSAL_WORDS_SIZE], const char *fmt, va_list args)
{
	/* Cut words are still words; the sizes are far above any sentence made here. */
	if (vsnprintf(out, REFUSAL_WORDS_SIZE, fmt, args) < 0)
		out[0] = '\0';
}

enum err refuse(struct refusal *r, enum err code, const char *slug, const char *detail_fmt, ...)
{
	va_list args;

	r->code = code;
	r->slug = slug;
	r->fix[0] = '\0';
	va_start(args, detail_fmt);
	words(r->detail, detail_fmt, args);
	va_end(args);
	return code;
}

enum err refuse_fix(struct refusal *r, const char *fix_fmt, ...)
{
	va_list args;

	va_start(args, fix_fmt);
	words(r->fix, fix_fmt, args);
	va_end(args);
	return r->code;
}
