/*
 * Desk's part in the service zone: the settings of service/zone_notify.h, and what it waits for.
 */
#ifndef APP_DESK_ZONE_H
#define APP_DESK_ZONE_H

#include <poll.h>

#include "app/boot.h"
#include "service/desk.h"

#define DESK_ZONE_POLLS 2u

struct dial_rules;
struct desk_zone;

/* Everything given must live as long.  Never NULL, also when there is nobody to notify. */
struct desk_zone *desk_zone_new(const struct boot *b, struct desk *d,
                                const struct dial_rules *rules);
void desk_zone_free(struct desk_zone *z); /* NULL does nothing */

/* Adds what is waited for to p, which has room for DESK_ZONE_POLLS; how many. */
size_t desk_zone_polls(const struct desk_zone *z, struct pollfd *p);
/* Takes what has come; costs a system call or two when nothing has. */
void desk_zone_ready(struct desk_zone *z);
/* About once a second. */
void desk_zone_tick(struct desk_zone *z, int64_t now_ms);

#endif
