/* Certificates by ACME as a part of desk: from the configuration to the queue. */
#ifndef APP_DESK_ACME_H
#define APP_DESK_ACME_H

#include "app/boot.h"
#include "service/acme.h"

#define DESK_ACME_KEY_MAX 256u /* bytes of the key of an external account */

struct desk_acme {
	struct acme_queue_conf conf;
	struct acme_queue *queue; /* NULL: nothing is ordered */
	struct buf binding;
};

/*
 * Starts ordering when the terms are accepted; never in a demonstration.  False: a setting cannot
 * be used, and that was said.
 */
bool desk_acme_start(struct desk_acme *a, const struct boot *b, struct desk *d,
                     const struct dial_rules *rules) MUST_USE;
void desk_acme_stop(struct desk_acme *a);

#endif
