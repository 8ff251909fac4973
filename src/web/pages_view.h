/* The pages themselves: a view in, a whole document out.  They know no store and no request. */
#ifndef WEB_PAGES_VIEW_H
#define WEB_PAGES_VIEW_H

#include "web/pages_frame.h"

struct quarantine_row;

enum login_why { LOGIN_ASKED, LOGIN_EXPIRED, LOGIN_OUT };

void page_login(struct buf *b, const struct frame *f, enum login_why why);
void page_domains(struct buf *b, const struct frame *f, const struct view_domains *v);
/* Allocates from a. */
void page_domain(struct buf *b, const struct frame *f, const struct view_domain *v,
                 struct arena *a);
void page_error(struct buf *b, const struct frame *f, const char *detail);
/* next: the cursor of the rows behind these; NULL: none. */
/* domain empty: of all. */
void page_quarantine(struct buf *b, const struct frame *f, struct slice domain,
                     const struct quarantine_row *rows, size_t count, const char *next);

/* What is open, with what was said of it; with their names as links, or of one domain.  Nothing
 * when nothing is. */
void page_part_alerts(struct buf *b, const struct alert_row *alerts, size_t count, bool names);

/* Mailboxes and folders that are read; nothing when there are none. */
void page_part_ways(struct buf *b, const struct supply_row *ways, size_t count);

/* Parts of page_domain. */
void page_part_setup(struct buf *b, const struct view_domain *v);
void page_part_sessions(struct buf *b, const struct view_domain *v);
void page_part_failures(struct buf *b, const struct view_domain *v);
void page_part_senders(struct buf *b, const struct view_domain *v);
/* Who asked for its policies, day by day. */
void page_part_fetches(struct buf *b, const struct view_domain *v);
/* How the reports of the range came, and what is read for more of them. */
void page_part_arrivals(struct buf *b, const struct view_domain *v);

#endif
