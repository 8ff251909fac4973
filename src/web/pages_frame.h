/* What all pages share: head and foot, status marks, numbers, moments, texts to copy. */
#ifndef WEB_PAGES_FRAME_H
#define WEB_PAGES_FRAME_H

#include "web/html.h"
#include "web/view.h"

/* Around a page; the page puts its <h1> first. */
void frame_begin(struct buf *b, const struct frame *f);
void frame_end(struct buf *b);
/* The way back to the list of domains, above the <h1> of a page below it. */
void frame_crumb(struct buf *b);

/* Shape, word and colour. */
void frame_status(struct buf *b, enum status s);
const char *frame_status_word(enum status s);
/* "1,912" */
void frame_number(struct buf *b, int64_t n);
/* "1,912 sessions" */
void frame_count(struct buf *b, int64_t n, const char *one, const char *many);
/* "2026-05-12" and "2026-05-12 14:03 UTC" as <time>; 0: a dash */
void frame_day(struct buf *b, int64_t t);
void frame_moment(struct buf *b, int64_t t);
/* "86400 seconds (1 day)" */
void frame_span(struct buf *b, int64_t seconds);
/* A text to be taken as it is, with a button that copies it where scripts run. */
void frame_copy(struct buf *b, struct slice text);
/*
 * A fix: paragraphs, and lines "$ ..." as blocks to copy.  Where a text says example.com, or
 * mta-sts.example.com, the domain stands in its place.
 */
void frame_fix(struct buf *b, const char *text, const char *domain);
/* How many messages of all domains could not be read; nothing for 0. */
void frame_quarantine(struct buf *b, int64_t n);
/* The same of the domain, n of all: what came to no domain's address may be meant for this one. */
void frame_quarantine_of(struct buf *b, const char *domain, int64_t n, int64_t all);
void frame_impact(struct buf *b, enum explain_impact i);

#endif
