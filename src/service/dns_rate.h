/*
 * Response-rate limiting for answers by UDP, whose source address anybody can forge.
 *
 * Counted are answers a second to one network (IPv4 /24, IPv6 /56) of one kind; existing names
 * are counted each for itself, so that a resolver that asks for many different ones is not
 * limited, while names that do not exist and errors share one count.  Every second answer above
 * the limit is sent truncated instead: a real client comes again by TCP.
 *
 * Pure but for the table: the time is an argument.
 */
#ifndef SERVICE_DNS_RATE_H
#define SERVICE_DNS_RATE_H

#include <sys/socket.h>

#include "service/zone_answer.h"

enum dns_rate_verdict { DNS_RATE_SEND, DNS_RATE_SLIP, DNS_RATE_DROP };

struct dns_rate;

/* per_second 0: nothing is limited. */
struct dns_rate *dns_rate_new(uint64_t per_second);
void dns_rate_free(struct dns_rate *r); /* NULL does nothing */

/* Counts one answer and says what to do with it; name and type are those of the question. */
enum dns_rate_verdict dns_rate_count(struct dns_rate *r, const struct sockaddr_storage *peer,
                                     enum zone_outcome outcome, const struct dns_query *q,
                                     int64_t now_ms);

#endif
