/*
 * One DNS message to one server by TCP, and what comes back: for requests that must arrive whole.
 *
 * Nothing of the message is read here but its length.  Every address goes through the check of
 * net/dial.h.
 */
#ifndef NET_DNS_CALL_H
#define NET_DNS_CALL_H

#include "base/buf.h"
#include "net/dial.h"

/*
 * Waits timeout_ms at most.  *answer_out gets one message and is the caller's, initialised with the
 * ceiling wanted.
 * ERR_DENIED: the address may not be dialled.  ERR_UNAVAILABLE: no connection; the server did not
 * get it.  ERR_CLOSED: it was sent, and no whole answer came: it may have been carried out.
 */
enum err dns_call(const struct dial_rules *rules, const struct dial_addr *to, struct slice message,
                  unsigned timeout_ms, struct buf *answer_out, struct diag *diag) MUST_USE;

#endif
