/*
 * What connections to the outside may reach, from the configuration: networks that `[outgoing]
 * allow` names, and our own listeners, which they may not.
 */
#ifndef APP_OUTGOING_H
#define APP_OUTGOING_H

#include "app/conf.h"
#include "net/dial.h"

/*
 * Fills *out.  A listener on every address stands for each address that the machine has now.
 * DNS listeners are left out: whoever asks for names in the service zone has to ask them.
 * ERR_SYNTAX, ERR_LIMIT: `[outgoing] allow`.
 */
enum err outgoing_rules(const struct conf *c, struct dial_rules *out, struct diag *diag) MUST_USE;

#endif
