/*
 * The lines mxseal.report/1 and mxseal.error/1: what `report show --jsonl` prints.  Pure.
 */
#ifndef TLSRPT_REPORT_SHOW_H
#define TLSRPT_REPORT_SHOW_H

#include "tlsrpt/report_mail.h"

#define SHOW_TEXT_MAX (96u << 20) /* bytes of a line */

/* Each appends one object without line end; check buf_status. */
void report_show_report(const struct report_item *item, struct slice file, size_t index,
                        struct buf *out);
void report_show_error(const struct report_fault *fault, struct slice file, size_t index,
                       struct buf *out);

/* Words for people about a refusal: its sentence, the more exact reason and the line. */
void report_show_words(const struct report_fault *fault, struct buf *out);

#endif
