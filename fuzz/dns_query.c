/* DNS queries: what is taken obeys the rules, and its answer reads back with the same question. */
#include <assert.h>

#include "wire/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_query(const struct dns_query *q, struct slice message)
{
	struct dns_name name;
	size_t next;

	assert(q->opcode == DNS_OP_QUERY && (q->flags & DNS_FLAG_QR) == 0);
	assert(q->name.p == message.p + DNS_HEADER_SIZE && q->name.len <= DNS_NAME_MAX);
	assert(dns_name_parse(message, DNS_HEADER_SIZE, &name, &next) == OK);
	assert(dns_name_eq(dns_name_slice(&name), q->name));
	assert(q->tsig_at < message.len);
}

/* As many records of the question's name as fit. */
static void check_answer(const struct dns_query *q)
{
	unsigned char out[DNS_UDP_PLAIN];
	struct dns_writer w;
	struct dns_record r = { q->name, DNS_NS, 300, q->name, 0 };
	struct dns_name name;
	struct slice answer;
	size_t at = DNS_HEADER_SIZE;

	dns_write_begin(&w, out, sizeof(out), q->id, 0);
	dns_write_question(&w, q->name, q->type, q->class);
	while (dns_write_record(&w, DNS_ANSWER, &r))
		;
	answer = dns_write_end(&w, DNS_FLAG_QR);
	assert(w.full && answer.len <= sizeof(out));
	assert(dns_name_parse(answer, at, &name, &at) == OK);
	assert(slice_eq(dns_name_slice(&name), q->name));
	assert(dns_get16(answer.p + at) == q->type && dns_get16(answer.p + at + 2) == q->class);
	at += 4;
	for (unsigned i = 0; i < dns_get16(answer.p + 6); i++) {
		assert(dns_name_parse(answer, at, &name, &at) == OK);
		assert(dns_name_eq(dns_name_slice(&name), q->name));
		at += 10 + dns_get16(answer.p + at + 8);
	}
	assert(at == answer.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = slice_of(data, size);
	char text[DNS_NAME_TEXT_SIZE];
	struct dns_query q;
	enum dns_reading reading = dns_query_read(message, &q);

	assert(size >= DNS_HEADER_SIZE || reading == DNS_READ_NOTHING);
	if (reading != DNS_READ_QUERY)
		return 0;
	check_query(&q, message);
	check_answer(&q);
	assert(strlen(dns_name_text(q.name, text)) < sizeof(text));
	return 0;
}
