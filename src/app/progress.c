#include "app/progress.h"

#include <stdarg.h>

#include "net/clock.h"

#define FIRST_MS 1000
#define AGAIN_MS 200

void progress_begin(struct progress *p, const struct cli *cli)
{
	*p = (struct progress){ .cli = cli, .began = clock_mono_ms() };
}

void progress_show(struct progress *p, const char *fmt, ...)
{
	int64_t now = clock_mono_ms();
	va_list ap;

	if (!p->cli->progress || now - p->began < FIRST_MS || now - p->shown < AGAIN_MS)
		return;
	p->shown = now;
	p->visible = true;
	(void)fputs("\r\033[K", p->cli->err); /* a terminal that is gone shows nothing */
	va_start(ap, fmt);
	(void)vfprintf(p->cli->err, fmt, ap);
	va_end(ap);
	(void)fflush(p->cli->err);
}

void progress_clear(struct progress *p)
{
	if (p->visible)
		(void)fputs("\r\033[K", p->cli->err);
	p->visible = false;
}
