/* The live MX set beside a policy. */
#include "mtasts/match.h"
#include "service/demo_mx.h"
#include "service/hosting.h"

/* "*.l.google.com" looks as if it covered alt1.aspmx.l.google.com, and does not. */
static const char *near_miss(struct arena *a, struct slice pattern, const char *host)
{
	struct slice h = slice_str(host);

	if (!slice_starts(pattern, S("*.")) || !slice_ends_i(h, slice_skip(pattern, 1)))
		return NULL;
	return arena_printf(a, "%.*s does not cover %s: the star stands for exactly one label",
	                    SLICE_ARGS(pattern), host);
}

static void add_notes(struct arena *a, const struct slice *patterns, size_t count,
                      struct hosting_mx *out)
{
	out->notes = arena_calloc(a, count * out->unmatched_count + 1, sizeof(*out->notes));
	for (size_t h = 0; h < out->unmatched_count; h++) {
		for (size_t p = 0; p < count; p++) {
			const char *note = near_miss(a, patterns[p], out->unmatched[h]);
			if (note != NULL)
				out->notes[out->note_count++] = note;
		}
	}
}

static void lay(struct arena *a, const struct slice *patterns, size_t count, struct hosting_mx *out)
{
	size_t n = out->host_count;
	struct slice *names = arena_calloc(a, n + 1, sizeof(*names));
	bool *matched = arena_calloc(a, n + 1, sizeof(*matched));
	bool *used = arena_calloc(a, count + 1, sizeof(*used));

	for (size_t i = 0; i < n; i++)
		names[i] = slice_str(out->hosts[i].name);
	(void)mxmatch_cover(patterns, count, names, n, matched, used); /* counted below */
	out->unmatched = arena_calloc(a, n + 1, sizeof(*out->unmatched));
	out->unused = arena_calloc(a, count + 1, sizeof(*out->unused));
	for (size_t i = 0; i < n; i++) {
		out->hosts[i].matched = matched[i];
		if (!matched[i])
			out->unmatched[out->unmatched_count++] = out->hosts[i].name;
	}
	for (size_t i = 0; i < count; i++)
		if (!used[i])
			out->unused[out->unused_count++] = arena_str(a, patterns[i]);
	add_notes(a, patterns, count, out);
}

void hosting_lay_mx(struct arena *a, const struct mx_set *set, const struct slice *patterns,
                    size_t count, struct hosting_mx *out)
{
	static const char *const remarks[] = {
		[DNS_UNKNOWN] = "DNS could not be asked",
		[DNS_NODATA] = "the domain has neither an MX record nor an address",
		[DNS_NXDOMAIN] = "the domain does not exist in DNS",
		[DNS_BOGUS] = "the answer fails DNSSEC validation",
	};

	*out = (struct hosting_mx){ .state = set->state,
		                    .secure = set->secure,
		                    .null_mx = set->null_mx,
		                    .implicit = set->implicit };
	out->known = set->state != DNS_UNKNOWN && set->state != DNS_BOGUS;
	if (set->state != DNS_FOUND)
		out->why = set->why != NULL ? set->why : remarks[set->state];
	else if (set->null_mx)
		out->why = "the domain says that it takes no mail (null MX)";
	out->host_count = set->count;
	out->hosts = arena_calloc(a, set->count + 1, sizeof(*out->hosts));
	for (size_t i = 0; i < set->count; i++)
		out->hosts[i] = (struct hosting_mx_host){
			.name = arena_str(a, slice_str(set->hosts[i].name)),
			.preference = set->hosts[i].preference,
		};
	lay(a, patterns, out->known ? count : 0, out);
}

void hosting_look_mx(struct desk *d, const char *domain, const struct slice *patterns, size_t count,
                     struct arena *a, struct hosting_mx *out)
{
	struct mx_set *set = arena_alloc(a, sizeof(*set));

	if (!d->set.demo || !demo_mx(domain, set))
		resolver_mx(d->resolver, a, domain, HOSTING_DNS_MS, set);
	hosting_lay_mx(a, set, patterns, count, out);
}
