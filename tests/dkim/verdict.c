/*
 * What this program and libopendkim say of the same signed messages.
 *
 * usage: verdict DIRECTORY COUNT.  N.eml is a message, N.keys has a line "SELECTOR RECORD" for each
 * key.  Prints "N OURS THEIRS" for each: pass or fail.
 */
#include <opendkim/dkim.h>

#include "base/mem.h"
#include "test.h"
#include "wire/dkim_key.h"
#include "wire/dkim_scan.h"

static struct slice keys; /* of the case at hand */

static struct slice key_of(struct slice selector)
{
	struct slice rest = keys, line, name, record;

	while (slice_next_line(&rest, &line))
		if (slice_cut(line, ' ', &name, &record) && slice_eq(name, selector))
			return record;
	return S("");
}

static bool verify(const struct dkim_signed *s)
{
	struct dkim_key k = { .bits = 0 };
	bool good;

	if (s->fault != DKIM_NONE || dkim_key_parse(key_of(s->selector), &k) != DKIM_NONE)
		return false;
	good = dkim_key_check(&k, s->algorithm, slice_eq(s->identity, s->domain), false) ==
	               DKIM_NONE &&
	       dkim_key_verify(&k, s->digest, s->b) == DKIM_NONE;
	dkim_key_fini(&k);
	return good;
}

static bool ours(struct slice message)
{
	struct arena *a = arena_new();
	struct dkim_scan *scan = arena_alloc(a, sizeof(*scan));
	bool good = false;

	dkim_scan(message, a, scan);
	for (size_t i = 0; i < scan->count; i++)
		good = good || verify(&scan->signatures[i]);
	arena_free(a);
	return good;
}

static DKIM_STAT look_up(DKIM *dkim, DKIM_SIGINFO *sig, unsigned char *buf, size_t size)
{
	struct slice record = key_of(slice_str((const char *)dkim_sig_getselector(sig)));

	(void)dkim;
	if (record.len == 0 || record.len >= size)
		return DKIM_STAT_NOKEY;
	memcpy(buf, record.p, record.len);
	buf[record.len] = '\0';
	return DKIM_STAT_OK;
}

/* Feeds the header field by field, the body at once. */
static bool feed(DKIM *d, struct slice message)
{
	struct slice rest = message;

	while (!slice_starts(rest, S("\r\n")) && rest.len > 0) {
		size_t end = 0;

		do {
			size_t n = slice_find_slice(slice_skip(rest, end), S("\r\n"));
			end = n == SIZE_MAX ? rest.len : end + n + 2;
		} while (end < rest.len && (rest.p[end] == ' ' || rest.p[end] == '\t'));
		if (dkim_header(d, (unsigned char *)(uintptr_t)rest.p, end - 2) != DKIM_STAT_OK)
			return false;
		rest = slice_skip(rest, end);
	}
	if (dkim_eoh(d) != DKIM_STAT_OK)
		return false;
	rest = slice_skip(rest, 2);
	return rest.len == 0 ||
	       dkim_body(d, (unsigned char *)(uintptr_t)rest.p, rest.len) == DKIM_STAT_OK;
}

static bool any_passed(DKIM *d)
{
	DKIM_SIGINFO **list = NULL;
	int count = 0;

	if (dkim_getsiglist(d, &list, &count) != DKIM_STAT_OK)
		return false;
	for (int i = 0; i < count; i++)
		if ((dkim_sig_getflags(list[i]) & DKIM_SIGFLAG_PASSED) != 0 &&
		    dkim_sig_getbh(list[i]) == DKIM_SIGBH_MATCH)
			return true;
	return false;
}

static bool theirs(DKIM_LIB *lib, struct slice message)
{
	DKIM_STAT status;
	DKIM *d = dkim_verify(lib, (const unsigned char *)"test", NULL, &status);
	bool good = d != NULL && feed(d, message);

	if (good) {
		(void)dkim_eom(d, NULL); /* what each signature is worth is asked below */
		good = any_passed(d);
	}
	if (d != NULL)
		(void)dkim_free(d); /* the end */
	return good;
}

static char *read_file(const char *folder, unsigned n, const char *end, struct slice *out)
{
	char path[4096];
	FILE *f;
	char *text = mem_alloc(1u << 20);

	(void)snprintf(path, sizeof(path), "%s/%u.%s", folder, n, end); /* test paths are short */
	f = fopen(path, "rb");
	assert_non_null(f);
	*out = slice_of(text, fread(text, 1, 1u << 20, f));
	(void)fclose(f); /* only read */
	return text;
}

int main(int argc, char **argv)
{
	DKIM_LIB *lib = dkim_init(NULL, NULL);
	unsigned none = 0; /* all signatures, not only the first good one */

	if (argc != 3 || lib == NULL)
		return 2;
	(void)dkim_set_key_lookup(lib, look_up);
	(void)dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &none, sizeof(none));
	for (unsigned n = 0; n < (unsigned)atoi(argv[2]); n++) {
		struct slice message;
		char *m = read_file(argv[1], n, "eml", &message);
		char *k = read_file(argv[1], n, "keys", &keys);

		printf("%u %s %s\n", n, ours(message) ? "pass" : "fail",
		       theirs(lib, message) ? "pass" : "fail");
		mem_free(m);
		mem_free(k);
	}
	dkim_close(lib);
	return 0;
}
