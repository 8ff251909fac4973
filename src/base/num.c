#include "base/num.h"

enum err num_parse_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++)
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.p[i] - '0'), &n))
			return ERR_LIMIT;
	if (n > max)
		return ERR_LIMIT;
	*out = n;
	return OK;
}

enum err num_parse_i64(struct slice s, int64_t *out)
{
	bool negative = s.len > 0 && s.p[0] == '-';
	uint64_t n;
	enum err e = num_parse_u64(negative ? slice_skip(s, 1) : s, INT64_MAX, &n);

	if (e == OK)
		*out = negative ? -(int64_t)n : (int64_t)n;
	return e;
}

int64_t num_add_sat(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}
