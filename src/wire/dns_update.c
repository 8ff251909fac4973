#include "wire/dns_update.h"

#define OPCODE_SHIFT 11

/* RFC 2136, 2.4 and 2.5: class and section say what a record means. */
static bool write_row(struct dns_writer *w, const struct dns_update_row *r)
{
	static const struct {
		enum dns_section section;
		uint16_t class;
		bool has_rdata;
	} kinds[] = {
		[DNS_UPDATE_SAME] = { DNS_ANSWER, DNS_CLASS_IN, true },
		[DNS_UPDATE_ABSENT] = { DNS_ANSWER, DNS_CLASS_NONE, false },
		[DNS_UPDATE_DROP] = { DNS_AUTHORITY, DNS_CLASS_NONE, true },
		[DNS_UPDATE_ADD] = { DNS_AUTHORITY, DNS_CLASS_IN, true },
	};
	const struct dns_record record = {
		.owner = r->name,
		.type = r->type,
		.class = kinds[r->kind].class,
		.ttl = r->kind == DNS_UPDATE_ADD ? r->ttl : 0,
		.rdata = kinds[r->kind].has_rdata ? r->rdata : S(""),
	};

	return dns_write_record(w, kinds[r->kind].section, &record);
}

enum err dns_update_write(void *p, size_t size, uint16_t id, struct slice zone,
                          const struct dns_update_row *rows, size_t count, struct slice *out)
{
	static const unsigned flags = (unsigned)DNS_OP_UPDATE << OPCODE_SHIFT;
	struct dns_writer w;
	bool good;

	if (size < DNS_HEADER_SIZE)
		return ERR_LIMIT;
	dns_write_begin(&w, p, size, id, flags);
	dns_write_question(&w, zone, DNS_SOA, DNS_CLASS_IN);
	good = !w.full;
	for (size_t i = 0; good && i < count; i++)
		good = write_row(&w, &rows[i]);
	if (!good)
		return ERR_LIMIT;
	*out = dns_write_end(&w, flags);
	return OK;
}
