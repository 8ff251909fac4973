#include "net/trusted.h"

enum err trusted_parse(struct slice words, struct trusted *out)
{
	struct trusted t = { .local = false };
	struct slice word;

	while (slice_next(&words, ' ', &word)) {
		enum err e = OK;

		if (slice_eq(word, S("unix")))
			t.local = true;
		else
			e = dial_rules_allow(&t.rules, word, NULL);
		if (e != OK)
			return e;
	}
	*out = t;
	return OK;
}

bool trusted_has(const struct trusted *t, const struct sockaddr_storage *peer)
{
	struct dial_addr a = { .len = 0 };

	if (peer->ss_family == AF_UNIX)
		return t->local;
	if (peer->ss_family == AF_INET)
		memcpy(&a.u.v4, peer, sizeof(a.u.v4));
	else if (peer->ss_family == AF_INET6)
		memcpy(&a.u.v6, peer, sizeof(a.u.v6));
	else
		return false;
	return dial_rules_name(&t->rules, &a);
}
