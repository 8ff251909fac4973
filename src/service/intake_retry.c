/* Retry: what lies in quarantine is read again, from the archive. */
#include "service/intake_control.h"
#include "store/quarantine.h"

#define PAGE 16u /* rows asked for at once */

static void on_done(void *arg, const struct item *it, enum err e)
{
	struct control_conn *c = arg;

	if (e == OK)
		control_add_counts(&c->counts, &it->counts);
	else
		c->counts.error = "not everything could be stored; look at the service's log";
	control_item_done(c, it);
}

static bool submit(struct control_conn *c, const struct quarantine_row *row)
{
	struct item *it = intake_quarantined(c->in, row);

	if (it == NULL)
		return false;
	it->dry_run = c->dry_run;
	it->done = on_done;
	it->arg = c;
	control_submit(c, it);
	return true;
}

static void read_page(struct control_conn *c)
{
	struct arena *a = arena_new();
	struct quarantine_row *rows = NULL;
	size_t count = 0;
	enum err e = quarantine_list(c->in->db, S(""), slice_str(c->after), PAGE, a, &rows, &count);

	if (e != OK)
		c->counts.error = "the quarantine cannot be read; look at the service's log";
	c->listed = e != OK || count < PAGE;
	for (size_t i = 0; e == OK && i < count; i++) {
		c->retried++;
		memcpy(c->after, rows[i].sha256, sizeof(c->after));
		/* Its segment may be gone, by age: the entry stays and says so. */
		if (!submit(c, &rows[i]))
			c->counts.quarantined++;
	}
	arena_free(a);
}

bool retry_go(struct control_conn *c)
{
	while (!c->listed && control_has_room(c) && c->item_count <= CONTROL_ITEMS_MAX - PAGE)
		read_page(c);
	if (!c->listed || c->item_count > 0)
		return false;
	line_format_retry(c->retried, &c->counts, &c->out);
	return true;
}
