/*
 * Characters of text that a stranger wrote, on its way to a terminal or a page.  Pure.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdint.h>

#include "base/slice.h"

#define UTF8_BROKEN 0xfffdu

/*
 * Length in bytes of the first character of s, which is not empty.  A byte that begins no
 * well-formed character counts as one, and *code_out is then UTF8_BROKEN (U+FFFD).
 */
size_t utf8_next(struct slice s, uint32_t *code_out);

/*
 * True for what shows nothing itself or changes how its neighbours are shown: control characters
 * (also U+0080 to U+009F, which terminals obey) other than tab and line feed, text direction,
 * zero width.
 */
bool utf8_is_deceptive(uint32_t code);

#endif
