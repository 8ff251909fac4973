/*
 * DKIM: a message's signatures, or after a first byte 'K' a key record.  What is read keeps to its
 * ceilings, and reading twice gives the same digest.
 */
#include <assert.h>

#include "wire/dkim_key.h"
#include "wire/dkim_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_signed(const struct dkim_signed *s, const struct dkim_signed *again)
{
	assert(s->fault < DKIM_FAULT_COUNT && s->fault == again->fault);
	assert(s->b.len <= DKIM_B_MAX);
	if (s->fault != DKIM_NONE)
		return;
	assert(dkim_is_domain(s->domain) && dkim_is_selector(s->selector));
	assert(slice_ends(s->identity, s->domain));
	assert(s->b.len > 0 && s->time >= 0 && s->expiry >= 0);
	assert(memcmp(s->digest, again->digest, sizeof(s->digest)) == 0);
}

static void read_message(struct slice message)
{
	struct arena *a = arena_new();
	struct dkim_scan *s = arena_calloc(a, 2, sizeof(*s));

	dkim_scan(message, a, &s[0]);
	dkim_scan(message, a, &s[1]);
	assert(s[0].count <= DKIM_SIGNATURES_MAX && s[0].count == s[1].count);
	assert(s[0].from.len == 0 || dkim_is_domain(s[0].from));
	for (size_t i = 0; i < s[0].count; i++)
		check_signed(&s[0].signatures[i], &s[1].signatures[i]);
	arena_free(a);
}

static void read_key(struct slice text)
{
	static const unsigned char digest[SHA256_SIZE];
	struct dkim_key k = { .bits = 0 };

	if (dkim_key_parse(text, &k) != DKIM_NONE)
		return;
	assert(k.pkey != NULL && k.bits <= DKIM_RSA_BITS_MAX);
	assert(k.algorithm == DKIM_ED25519_SHA256 || k.bits >= DKIM_RSA_BITS_MIN);
	assert(dkim_key_verify(&k, digest, S("no signature")) == DKIM_MISMATCH);
	dkim_key_fini(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	if (slice_starts(in, S("K")))
		read_key(slice_skip(in, 1));
	else
		read_message(in);
	return 0;
}
