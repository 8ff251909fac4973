/*
 * The short way of mime_read: a multipart message that can be read in one way only, as senders of
 * reports write it, without GMime.  Whatever leaves room for doubt is left to GMime: fields with
 * odd bytes, parts in parts, encoded names, base64 with anything foreign in it, dates of another
 * shape, a boundary that is missing or not alone on its line.
 *
 * Pure.  Promise: where it says OK, mime_read_slow says OK and the same; but the ceilings on lines
 * of wire/mime.h are not looked at here, mime_read has done that.
 */
#ifndef WIRE_MIME_PLAIN_H
#define WIRE_MIME_PLAIN_H

#include "wire/mime.h"

#define MIME_PLAIN_MAX (1u << 20) /* bytes of a message */
#define MIME_PLAIN_PARTS 8u       /* parts of it */

/* Everything in *out lies in arena or in message.  ERR_AGAIN: this is not the plain case. */
enum err mime_plain(struct slice message, struct arena *arena, struct mime *out) MUST_USE;

#endif
