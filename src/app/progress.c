#include "app/progress.h"

#include <stdarg.h>

#include "net/clock.h"

#define FIRST_MS 1000
#define AGAIN_MS 200

void progress_begin(struct progress *p, const struct cli *cli)
{
	*p = (struct progress){ .cli = cli, .began = clock_mono_ms() };
}

/* A terminal that is gone shows nothing. */
PRINTF_LIKE(2, 0)
static void print(FILE *to, const char *fmt, va_list args)
{
	(void)fputs("\r\033[K", to);
	(void)vfprintf(to, fmt, args);
	(void)fflush(to);
}

void progress_show(struct progress *p, const char *fmt, ...)
{
	int64_t now = clock_mono_ms();
	va_list args;

	if (!p->cli->progress || now - p->began < FIRST_MS || now - p->shown < AGAIN_MS)
		return;
	p->shown = now;
	p->visible = true;
	va_start(args, fmt);
	print(p->cli->err, fmt, args);
	va_end(args);
}

void progress_clear(struct progress *p)
{
	if (p->visible)
		(void)fputs("\r\033[K", p->cli->err);
	p->visible = false;
}
