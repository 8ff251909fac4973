/* Between dial.c and dial_refused.c. */
#ifndef NET_DIAL_INTERNAL_H
#define NET_DIAL_INTERNAL_H

#include "net/dial.h"

#define DIAL_V4_BITS 96u /* of the mapped prefix ::ffff:0:0/96 */

struct dial_range {
	unsigned char bytes[16]; /* IPv4 as v4-mapped */
	unsigned bits;
	const char *why;
};

/* What is not globally reachable: of IPv4, and inside 2000::/3. */
extern const struct dial_range dial_ranges[];
extern const size_t dial_range_count;
extern const unsigned char dial_mapped[16], dial_nat64[16]; /* the first 12 bytes count */

bool dial_in_net(const unsigned char a[16], const unsigned char net[16], unsigned bits);

#endif
