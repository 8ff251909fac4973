/* Signed DNS messages: what is not signed by the key is never taken, and the answer says why. */
#include <assert.h>

#include "wire/dns_tsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1800000000)

static void answer(struct dns_tsig *t, const struct dns_query *q)
{
	unsigned char out[2048];
	struct dns_writer w;
	size_t len = 0, room = dns_tsig_room(t), before;

	dns_write_begin(&w, out, sizeof(out) - room, q->id, 0);
	dns_write_question(&w, q->name, q->type, q->class);
	before = dns_write_end(&w, DNS_FLAG_QR).len;
	assert(dns_tsig_sign(t, out, before, sizeof(out), NOW, &len) == OK);
	assert(len > before && len <= before + room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = slice_of(data, size);
	struct dns_tsig_key key;
	struct dns_tsig t, ours;
	unsigned char asked[512] = { 0 };
	struct dns_query q;
	size_t len;

	assert(dns_tsig_key_parse(S("hmac-sha256:k:c2VjcmV0"), &key) == OK);
	dns_tsig_begin(&key, 1, &ours);
	assert(dns_tsig_sign(&ours, asked, DNS_HEADER_SIZE, sizeof(asked), NOW, &len) == OK);
	assert(dns_tsig_check_answer(message, &ours, NOW) == ERR_CRYPTO);
	if (dns_query_read(message, &q) != DNS_READ_QUERY || q.tsig_at == 0)
		return 0;
	if (dns_tsig_check(message, q.tsig_at, &key, 1, NOW, &t) != DNS_TSIG_FORMERR) {
		assert((t.key != NULL) == (t.error != DNS_TSIG_BADKEY));
		answer(&t, &q);
	}
	return 0;
}
