/* URIs as far as rua needs them (RFC 3986, RFC 6068).  Pure. */
#ifndef TLSRPT_URI_H
#define TLSRPT_URI_H

#include "base/mem.h"

struct uri {
	struct slice scheme, rest; /* rest: behind the colon */
	struct slice authority,
	        tail; /* tail: path, query and fragment; no "//": authority is empty */
	bool has_authority;
};

/* ERR_SYNTAX: not a URI.  Everything is as written. */
enum err uri_split(struct slice text, struct uri *out) MUST_USE;

struct uri_host {
	struct slice name; /* without the brackets of an IPv6 address */
	bool has_userinfo, literal;
	uint16_t port; /* 0: none given */
};

/* ERR_SYNTAX: no host, or a port that is none. */
enum err uri_host(struct slice authority, struct uri_host *out) MUST_USE;

/* Undoes %XX into the arena; the text was checked by uri_split. */
struct slice uri_unescape(struct arena *a, struct slice s);

/* True for names and addresses that cannot be reached over the public Internet. */
bool uri_host_is_private(const struct uri_host *host);

#endif
