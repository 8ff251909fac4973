#include "mtasts/match.h"

bool mxmatch(struct slice pattern, struct slice host)
{
	size_t dot;

	if (slice_ends(host, S(".")))
		host.len--;
	if (pattern.len == 0)
		return false;
	if (!slice_starts(pattern, S("*.")))
		return slice_eq_i(pattern, host);

	/* RFC 8461, 4.1: the star stands for exactly one label. */
	dot = slice_find(host, '.');
	if (dot == SIZE_MAX || dot == 0 || pattern.len == 2)
		return false;
	return slice_eq_i(slice_skip(pattern, 2), slice_skip(host, dot + 1));
}

bool mxmatch_any(const struct slice *patterns, size_t count, struct slice host)
{
	for (size_t i = 0; i < count; i++)
		if (mxmatch(patterns[i], host))
			return true;
	return false;
}

size_t mxmatch_cover(const struct slice *patterns, size_t pattern_count, const struct slice *hosts,
                     size_t host_count, bool *matched, bool *used)
{
	size_t missing = 0;

	for (size_t p = 0; used != NULL && p < pattern_count; p++)
		used[p] = false;
	for (size_t h = 0; h < host_count; h++) {
		bool any = false;

		for (size_t p = 0; p < pattern_count; p++) {
			bool hit = mxmatch(patterns[p], hosts[h]);

			any = any || hit;
			if (hit && used != NULL)
				used[p] = true;
		}
		if (matched != NULL)
			matched[h] = any;
		missing += !any;
	}
	return missing;
}
