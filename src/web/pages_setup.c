/* The parts of a domain's page that compare it with DNS: MX hosts, and records to publish. */
#include "web/pages_view.h"

static void put_mx_rows(struct buf *b, const struct view_domain *v)
{
	buf_add_str(b, "<table class=\"cards\"><thead><tr><th scope=\"col\">MX host</th><th "
	               "scope=\"col\" class=\"num\">Preference</th><th scope=\"col\">In the "
	               "policy</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < v->mx_count; i++) {
		HTML(b,
		     "<tr><th scope=\"row\"><code>{}</code></th><td class=\"num\" "
		     "data-label=\"Preference\">{}</td><td data-label=\"In the policy\">",
		     H(v->mx[i].host), HN(v->mx[i].preference));
		frame_status(b, v->mx[i].matched ? STATUS_PASSED : STATUS_PROBLEM);
		buf_add_str(b, v->mx[i].matched ? " <span>matched</span>"
		                                : " <span>no mx line matches it</span>");
		buf_add_str(b, "</td></tr>\n");
	}
	buf_add_str(b, "</tbody></table>\n");
}

static void put_mx(struct buf *b, const struct view_domain *v)
{
	buf_add_str(
	        b,
	        "<section class=\"card\" aria-labelledby=\"mx\"><h2 id=\"mx\">MX hosts against the "
	        "policy</h2>\n");
	if (!v->mx_known) {
		buf_add_str(b, "<p>");
		frame_status(b, STATUS_UNTESTED);
		HTML(b, " {}</p>\n", H(v->mx_why));
		if (v->newest != NULL) {
			buf_add_str(b, "<p>The policy allows:</p><ul class=\"plain\">");
			for (size_t i = 0; i < v->newest->policy->mx_count; i++)
				HTML(b, "<li><code>{}</code></li>", HS(v->newest->policy->mx[i]));
			buf_add_str(b, "</ul>");
		}
	} else if (v->mx_count == 0) {
		buf_add_str(b, "<p>The domain has no MX record.</p>\n");
	} else {
		put_mx_rows(b, v);
	}
	for (size_t i = 0; i < v->unused_count; i++) {
		buf_add_str(b, "<p>");
		frame_status(b, STATUS_ADVICE);
		HTML(b,
		     " <code>{}</code> is in the policy and matches no live MX host. Keep it for "
		     "one "
		     "cache horizon after a move, then remove it.</p>\n",
		     H(v->unused[i]));
	}
	buf_add_str(b, "</section>\n");
}

static void put_record_state(struct buf *b, const char *state)
{
	static const struct {
		const char *state, *words;
		enum status status;
	} rows[] = {
		{ "seen", "seen", STATUS_PASSED },
		{ "flattened", "seen as an address", STATUS_PASSED },
		{ "pending", "not seen yet", STATUS_WAITING },
		{ "waiting-for-you", "waiting for you", STATUS_WAITING },
		{ "wrong", "something else is there", STATUS_PROBLEM },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].state, state) != 0)
			continue;
		frame_status(b, rows[i].status);
		HTML(b, " {}", H(rows[i].words));
		return;
	}
	frame_status(b, STATUS_UNTESTED);
	buf_add_str(b, " not looked up");
}

static const char *purpose_words(const char *purpose)
{
	static const char *const words[][2] = {
		{ "policy-host", "Policy host" },
		{ "policy-id", "Policy id" },
		{ "reports", "Reports" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i][0], purpose) == 0)
			return words[i][1];
	}
	return purpose;
}

static void put_value(struct buf *b, const struct record_row *r)
{
	buf_add_str(b, "<dt>Value</dt><dd>");
	if (r->value == NULL)
		buf_add_str(b, "<span class=\"none\">cannot be said yet</span>");
	else
		frame_copy(b, slice_str(r->value));
	buf_add_str(b, "</dd>");
	if (r->mistake != NULL)
		HTML(b, "<dt>Note</dt><dd>{}</dd>", H(r->mistake));
}

static void put_servers(struct buf *b, const struct record_row *r)
{
	if (r->server_count == 0)
		return;
	buf_add_str(b, "<dt>Name servers</dt><dd><ul class=\"servers\">");
	for (size_t i = 0; i < r->server_count; i++) {
		const struct record_server *s = &r->servers[i];
		HTML(b, "<li>{} ({}): ", H(s->server), H(s->address));
		put_record_state(b, s->state);
		for (size_t n = 0; n < s->found_count; n++)
			HTML(b, " <code>{}</code>", H(s->found[n]));
		buf_add_str(b, "</li>");
	}
	buf_add_str(b, "</ul></dd>");
}

static void put_record(struct buf *b, const struct record_row *r)
{
	HTML(b, "<div class=\"record\"><h3>{}</h3>\n<dl><dt>Name</dt><dd>",
	     H(purpose_words(r->purpose)));
	frame_copy(b, slice_str(r->name));
	buf_add_str(b, "</dd><dt>Short name</dt><dd>");
	frame_copy(b, slice_str(r->relative));
	HTML(b, "</dd><dt>Type</dt><dd><code>{}</code></dd>", H(r->type));
	put_value(b, r);
	HTML(b, "<dt>TTL</dt><dd>{}</dd><dt>State</dt><dd>", HN(r->ttl));
	put_record_state(b, r->state);
	buf_add_str(b, "</dd>");
	put_servers(b, r);
	buf_add_str(b, "</dl></div>\n");
}

void page_part_setup(struct buf *b, const struct view_domain *v)
{
	put_mx(b, v);
	buf_add_str(
	        b,
	        "<section class=\"card\" aria-labelledby=\"records\"><h2 id=\"records\">Records to "
	        "publish</h2>\n<p>The short name is what most DNS panels ask for; the full "
	        "name is what it becomes.</p>\n<div class=\"records\">\n");
	for (size_t i = 0; i < v->record_count; i++)
		put_record(b, &v->records[i]);
	buf_add_str(b, "</div></section>\n");
}
