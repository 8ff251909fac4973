#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/utc.h"

#define LINE_SIZE 4096u
#define VALUE_MAX 256u

static struct {
	enum log_level least;
	bool json;
	const char *role;
} settings = { LOG_INFO, false, "mxseal" };

struct line {
	char text[LINE_SIZE];
	size_t len;
};

static void put(struct line *l, struct slice s)
{
	size_t room = sizeof(l->text) - 1 - l->len; /* one byte stays for the line end */
	size_t n = s.len < room ? s.len : room;

	memcpy(l->text + l->len, s.p, n);
	l->len += n;
}

/* Everything but plain ASCII, and the bytes that frame a value, becomes \u00XX. */
static void put_escaped(struct line *l, struct slice s)
{
	s = slice_head(s, VALUE_MAX);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
			char esc[8];
			int n = snprintf(esc, sizeof(esc), "\\u%04x", c);

			put(l, slice_of(esc, n > 0 ? (size_t)n : 0));
		} else {
			put(l, slice_of(&s.p[i], 1));
		}
	}
}

static void put_field(struct line *l, const struct log_field *f)
{
	bool bare = settings.json && f->number;

	put(l, settings.json ? S(",\"") : S(" "));
	put(l, slice_str(f->key));
	put(l, bare ? S("\":") : settings.json ? S("\":\"") : S("=\""));
	put_escaped(l, f->value);
	put(l, bare ? S("") : S("\""));
}

void log_setup(enum log_level least, bool json, const char *role)
{
	settings.least = least;
	settings.json = json;
	settings.role = role;
}

const char *log_number(int64_t n, char out[24])
{
	(void)snprintf(out, 24, "%lld", (long long)n); /* fits */
	return out;
}

static void put_head(struct line *l, enum log_level level, const char *msg)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	char when[UTC_TEXT_SIZE];
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* a failure prints 1970 */
	put(l, settings.json ? S("{\"ts\":\"") : S(""));
	put(l, slice_str(utc_format((int64_t)ts.tv_sec, when)));
	put(l, settings.json ? S("\",\"level\":\"") : S(" "));
	put(l, slice_str(names[level]));
	put(l, settings.json ? S("\",\"role\":\"") : S(" "));
	put(l, slice_str(settings.role));
	put(l, settings.json ? S("\",\"event\":\"") : S(": "));
	put(l, slice_str(msg));
	put(l, settings.json ? S("\"") : S(""));
}

void log_write(enum log_level level, const char *msg, ...)
{
	struct line l;
	struct log_field f;
	va_list ap;

	if (level > settings.least)
		return;
	l.len = 0;
	put_head(&l, level, msg);
	va_start(ap, msg);
	for (f = va_arg(ap, struct log_field); f.key != NULL; f = va_arg(ap, struct log_field))
		put_field(&l, &f);
	va_end(ap);
	put(&l, settings.json ? S("}") : S(""));
	l.text[l.len++] = '\n';
	(void)!write(STDERR_FILENO, l.text, l.len); /* nowhere else to complain */
}

void log_fatal(const char *why)
{
	log_error("cannot go on", F("reason", why));
	abort();
}
