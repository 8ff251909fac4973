/* DNS responses: every record lies inside the message, and a reply is found out once and for all.
 */
#include <assert.h>

#include "net/authority.h"
#include "wire/dns_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_records(struct dns_response *r)
{
	const char *end = r->message.p + r->message.len;
	struct dns_name name;
	struct dns_rr rr;
	unsigned section = 0;

	while (dns_response_next(r, &rr) == OK) {
		assert(rr.section >= section && rr.rdata.p + rr.rdata.len <= end);
		assert(rr.owner.len >= 1 && rr.owner.len <= DNS_NAME_MAX);
		assert(dns_rr_name(r, &rr, 0, &name) != OK || name.len <= DNS_NAME_MAX);
		section = rr.section;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = slice_of(data, size);
	struct authority_query q = { .name = "id.s", .type = DNS_TXT }, again = q;
	struct arena *a = arena_new();
	struct dns_response r;
	bool truncated = false;

	if (dns_response_read(message, &r) == OK) {
		uint16_t id = r.id;
		check_records(&r);
		if (authority_reply_read(message, id, &q, a, &truncated)) {
			assert(!authority_reply_read(message, (uint16_t)(id + 1), &again, a,
			                             &truncated));
			assert(truncated || q.reply.state >= AUTHORITY_LAME);
			assert(q.reply.count <= AUTHORITY_RECORDS_MAX);
			assert(q.reply.state != AUTHORITY_FOUND || q.reply.count > 0 ||
			       q.reply.cname != NULL);
		}
	}
	arena_free(a);
	return 0;
}
