/*
 * What a proxy says of its client.  The PROXY preamble: a byte at a time and all at once agree, no
 * byte is asked for that does not belong to it, and whatever stands behind changes nothing.
 * X-Forwarded-For: what a client wrote itself, on the left, never changes who it is.
 */
#include <assert.h>

#include "base/buf.h"
#include "wire/forwarded_for.h"
#include "wire/proxy_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err in_steps(struct slice in, struct proxy_head *out)
{
	size_t have = 0, need = 1;
	enum err e = ERR_AGAIN;

	while (e == ERR_AGAIN && have + need <= in.len) {
		have += need;
		need = 0;
		e = proxy_head_read(slice_head(in, have), out, &need, NULL);
		assert(e != ERR_AGAIN || need > 0);
		assert(e != OK || out->size == have);
	}
	return e;
}

static void preamble(struct slice in)
{
	struct proxy_head whole = { 0 }, steps = { 0 };
	size_t need;
	enum err e = proxy_head_read(in, &whole, &need, NULL), s = in_steps(in, &steps);

	assert(e != OK || (s == OK && memcmp(&whole, &steps, sizeof(whole)) == 0));
	assert(e == OK || s != OK);
	assert(e != OK || whole.size <= in.len);
	assert(e != OK || whole.has_client == (whole.from.ss_family != AF_UNSPEC));
}

static bool is_ten(const void *arg, const struct sockaddr_storage *a)
{
	(void)arg;
	return a->ss_family == AF_INET &&
	       ((const unsigned char *)&((const struct sockaddr_in *)a)->sin_addr)[0] == 10;
}

static void forwarded(struct slice value)
{
	struct http_head h = { .field_count = 1 }, longer;
	struct sockaddr_storage a, b;
	struct buf text;

	buf_init(&text, 70000);
	buf_add_str(&text, "127.0.0.1, ");
	buf_add(&text, value);
	h.fields[0] = (struct http_field){ S("x-forwarded-for"), value };
	longer = h;
	longer.fields[0].value = buf_slice(&text);
	if (buf_status(&text) == OK && forwarded_for(&h, is_ten, NULL, &a) == OK &&
	    !is_ten(NULL, &a)) {
		assert(forwarded_for(&longer, is_ten, NULL, &b) == OK);
		assert(memcmp(&a, &b, sizeof(a)) == 0);
	}
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	preamble(slice_of(data, size));
	forwarded(slice_of(data, size));
	return 0;
}
