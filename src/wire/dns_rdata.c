#include "wire/dns_rdata.h"

#define SOA_FIXED 20u

static void add16(struct buf *b, size_t v)
{
	char bytes[2];

	dns_put16(bytes, (unsigned)v);
	buf_add(b, slice_of(bytes, sizeof(bytes)));
}

static void add32(struct buf *b, uint32_t v)
{
	char bytes[4];

	dns_put32(bytes, v);
	buf_add(b, slice_of(bytes, sizeof(bytes)));
}

void dns_set_address(struct buf *set, const void *bytes, size_t size)
{
	add16(set, size);
	buf_add(set, slice_of(bytes, size));
}

void dns_set_name(struct buf *set, struct slice name)
{
	add16(set, name.len);
	buf_add(set, name);
}

void dns_set_mx(struct buf *set, unsigned preference, struct slice name)
{
	add16(set, 2 + name.len);
	add16(set, preference);
	buf_add(set, name);
}

void dns_set_txt(struct buf *set, struct slice text)
{
	size_t strings = text.len == 0 ? 1 : (text.len + DNS_STRING_MAX - 1) / DNS_STRING_MAX;

	add16(set, text.len + strings);
	for (size_t i = 0; i < strings; i++) {
		struct slice part = slice_head(text, DNS_STRING_MAX);

		buf_add_char(set, (char)(unsigned char)part.len);
		buf_add(set, part);
		text = slice_skip(text, part.len);
	}
}

void dns_set_soa(struct buf *set, const struct dns_soa *soa)
{
	add16(set, soa->mname.len + soa->rname.len + SOA_FIXED);
	buf_add(set, soa->mname);
	buf_add(set, soa->rname);
	add32(set, soa->serial);
	add32(set, soa->refresh);
	add32(set, soa->retry);
	add32(set, soa->expire);
	add32(set, soa->minimum);
}

bool dns_set_next(struct slice *rest, struct slice *rdata_out)
{
	size_t len;

	if (rest->len < 2)
		return false;
	len = dns_get16(rest->p);
	if (rest->len - 2 < len)
		return false;
	*rdata_out = slice_of(rest->p + 2, len);
	*rest = slice_skip(*rest, 2 + len);
	return true;
}

/* Names, uncompressed, with so many other bytes before and behind them. */
static bool has_names(struct slice rdata, size_t before, size_t names, size_t behind)
{
	struct dns_name name;
	size_t next;

	if (rdata.len < before)
		return false;
	rdata = slice_skip(rdata, before);
	for (; names > 0; names--) {
		if (dns_name_parse(rdata, 0, &name, &next) != OK)
			return false;
		rdata = slice_skip(rdata, next);
	}
	return rdata.len == behind;
}

static bool is_strings(struct slice rdata)
{
	if (rdata.len == 0)
		return false;
	while (rdata.len > 0) {
		size_t len = (unsigned char)rdata.p[0];

		if (rdata.len - 1 < len)
			return false;
		rdata = slice_skip(rdata, 1 + len);
	}
	return true;
}

static bool is_good(uint16_t type, struct slice rdata)
{
	switch (type) {
	case DNS_A:
		return rdata.len == 4;
	case DNS_AAAA:
		return rdata.len == 16;
	case DNS_NS:
		return has_names(rdata, 0, 1, 0);
	case DNS_MX:
		return has_names(rdata, 2, 1, 0);
	case DNS_SOA:
		return has_names(rdata, 0, 2, SOA_FIXED);
	case DNS_TXT:
		return is_strings(rdata);
	default:
		return false;
	}
}

enum err dns_set_check(uint16_t type, struct slice set)
{
	struct slice rdata;

	if (set.len == 0 || set.len > DNS_SET_MAX)
		return ERR_SYNTAX;
	while (set.len > 0)
		if (!dns_set_next(&set, &rdata) || !is_good(type, rdata))
			return ERR_SYNTAX;
	return OK;
}
