/* What somebody is told of: what is open, a look from outside now, a mail to try the way. */
#include "base/utc.h"
#include "service/alert_domain.h"
#include "service/alert_sender.h"
#include "service/hook.h"
#include "store/alerts.h"
#include "store/settings.h"
#include "web/api_internal.h"

#define CODE_SEPARATOR '/' /* in no name */

static json_t *alert_json(const struct alert_row *row, int64_t now)
{
	const struct explain_entry *e = explain_find(slice_str(alert_code(row->cause)));
	unsigned level = row->state.level;
	bool open = level != 0;
	json_t *o = json_pack(
	        "{s:o, s:o, s:s, s:s, s:o, s:o}", "name", json_text(slice_str(row->name)), "domain",
	        row->domain == 0 ? json_null() : json_text(slice_str(row->name)), "cause",
	        alert_code(row->cause), "state", open ? "open" : "closed", "severity",
	        !open ? json_null()
	              : json_string(alert_is_fail(row->cause, level) ? "fail" : "warn"),
	        "impact",
	        !open ? json_null()
	              : json_string(explain_impact_words(alert_impact(row->cause, level))));

	(void)json_object_set_new(o, "title", api_string(e == NULL ? NULL : e->title));
	(void)json_object_set_new(o, "detail", json_text(slice_str(row->detail)));
	(void)json_object_set_new(o, "step", json_text(slice_str(row->step)));
	(void)json_object_set_new(o, "command",
	                          row->command[0] == '\0' ? json_null()
	                                                  : json_text(slice_str(row->command)));
	(void)json_object_set_new(o, "since", api_time(row->state.opened));
	(void)json_object_set_new(o, "closed", api_time(row->state.closed));
	(void)json_object_set_new(o, "said", api_time(row->state.said_at));
	(void)json_object_set_new(
	        o, "unsaid",
	        json_boolean(alert_event(row->cause, &row->state, now) != ALERT_NOTHING));
	return o;
}

static json_t *alerts_json(const struct alert_row *rows, size_t count, int64_t now)
{
	json_t *items = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, alert_json(&rows[i], now));
	return items;
}

void api_alerts_list(const struct request *q, struct response *r)
{
	struct slice at = request_query(q, "cursor", 0);
	struct alert_cursor after = { S(""), S("") };
	struct alert_row *rows = NULL;
	const char *next = NULL;
	size_t count = 0;

	if (at.p != NULL && !slice_cut(at, CODE_SEPARATOR, &after.name, &after.code)) {
		problem_say(r, ERR_SYNTAX, "cursor", "the cursor is none of this list",
		            "take it from \"next\" of the page before");
		return;
	}
	enum err e = alerts_list(q->desk->db, TENANT_ONLY, request_query(q, "closed", 0).p != NULL,
	                         &after, API_PAGE, q->arena, &rows, &count);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	if (count == API_PAGE)
		next = arena_printf(q->arena, "%s%c%s", rows[count - 1].name, CODE_SEPARATOR,
		                    alert_code(rows[count - 1].cause));
	response_json(r, api_list(alerts_json(rows, count, q->now), next));
}

static const char *look_word(const struct self_check *o, enum alert_look look)
{
	static const char *const words[] = {
		[ALERT_UNKNOWN] = "unknown", [ALERT_GOOD] = "good", [ALERT_BAD] = "bad"
	};

	return o->checked == 0 ? "not-looked" : words[look];
}

static json_t *unmatched_json(const struct self_check *o)
{
	struct slice rest = slice_str(o->mx_unmatched), line;
	json_t *out = json_array();

	while (slice_next_line(&rest, &line))
		if (line.len > 0)
			(void)json_array_append_new(out, json_text(line));
	return out;
}

static json_t *look_json(const char *domain, const struct self_check *o)
{
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:o}, s:{s:s, s:o, s:o}, s:{s:s, s:I, s:o, s:o}}",
	                 "schema", "mxseal.self-check/1", "domain", domain, "checked",
	                 api_time(o->checked), "policy", "state", look_word(o, o->policy), "why",
	                 api_string(o->policy_why), "id", "state", look_word(o, o->seen), "found",
	                 api_string(o->seen_id), "why", api_string(o->seen_why), "mx", "state",
	                 look_word(o, o->mx), "hosts", (json_int_t)o->mx_count, "unmatched",
	                 unmatched_json(o), "why", api_string(o->mx_why));
}

/* The open ones of a domain.  The lock is taken. */
static enum err open_ones(const struct request *q, const char *domain, json_t **out)
{
	struct alert_row *rows = NULL;
	size_t count = 0;

	desk_lock(q->desk);
	enum err e = alerts_of_name(q->desk->db, TENANT_ONLY, domain, q->arena, &rows, &count);
	desk_unlock(q->desk);
	if (e == OK)
		*out = alerts_json(rows, count, q->now);
	return e;
}

/* Waits for DNS and for the policy host; what comes of it is said at once. */
void api_domain_look(const struct request *q, struct response *r)
{
	struct self_check look;
	struct domain d;
	json_t *alerts = NULL, *o;
	bool found;

	desk_lock(q->desk);
	found = api_find_domain(q, &d, r);
	desk_unlock(q->desk);
	if (!found)
		return;
	enum err e = alert_domain_run(q->desk, d.id, true, q->now, q->arena, &look);
	if (e == OK)
		e = open_ones(q, d.name, &alerts);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	atomic_store(&q->desk->alerts_hurry, true);
	o = look_json(d.name, &look);
	(void)json_object_set_new(o, "alerts", alerts);
	response_json(r, o);
}

void api_alerts_check(const struct request *q, struct response *r)
{
	int64_t count = 0;

	desk_lock(q->desk);
	enum err e = self_check_all_due(q->desk->db, ALERT_JOB, q->now, &count);
	desk_unlock(q->desk);
	if (e == OK)
		response_json(r, json_pack("{s:s, s:I}", "schema", "mxseal.alert-check/1",
		                           "domains", (json_int_t)count));
	else
		api_store_failed(q, e, r);
}

void api_alerts_test(const struct request *q, struct response *r)
{
	struct hook_result result = { .code = -1 };

	if (!alert_sender_is_set(q->desk)) {
		problem_say(r, ERR_CONFLICT, "no-alert-command", "nobody is told of anything",
		            q->desk->set.alert_to[0] == '\0'
		                    ? "set [alert] to, or [alert] command, in mxseal.conf"
		                    : "set [alert] command in mxseal.conf: this machine has no "
		                      "sendmail");
		return;
	}
	if (alert_sender_test(q->desk, q->now, q->arena, &result) != OK)
		problem_say(r, ERR_UNAVAILABLE, "alert-command", "the command cannot be started",
		            "the log of the service says more");
	else if (result.code != 0)
		problem_say(r, ERR_UNAVAILABLE, "alert-command",
		            arena_printf(q->arena, "the command ended with status %d: %.300s",
		                         result.code, result.words),
		            alert_sender_fix(q->desk, q->arena));
	else
		response_json(r, json_pack("{s:s, s:s, s:o}", "schema", "mxseal.alert-test/1",
		                           "command", q->desk->set.alert_command, "to",
		                           api_string(q->desk->set.alert_to)));
}

static void put_open(struct buf *b, int64_t counts[ALERT_CAUSES][3])
{
	int64_t sums[2];

	alerts_sums(counts, sums);
	buf_printf(b,
	           "# HELP mxseal_alerts_active Open causes by severity\n"
	           "# TYPE mxseal_alerts_active gauge\n"
	           "mxseal_alerts_active{severity=\"warn\"} %lld\n"
	           "mxseal_alerts_active{severity=\"fail\"} %lld\n"
	           "# HELP mxseal_alerts_open Open causes by kind\n"
	           "# TYPE mxseal_alerts_open gauge\n",
	           (long long)sums[0], (long long)sums[1]);
	for (unsigned i = 0; i < ALERT_CAUSES; i++) {
		int64_t open = counts[i][0] + counts[i][1] + counts[i][2];
		buf_printf(b, "mxseal_alerts_open{cause=\"%s\"} %lld\n",
		           alert_code((enum alert_cause)i), (long long)open);
	}
}

static void put_looks(struct buf *b, const struct self_check_counts *c)
{
	buf_printf(
	        b,
	        "# HELP mxseal_self_check_domains Domains that were ever looked at from outside\n"
	        "# TYPE mxseal_self_check_domains gauge\nmxseal_self_check_domains %lld\n"
	        "# HELP mxseal_self_check_domains_recent Of these, within two days\n"
	        "# TYPE mxseal_self_check_domains_recent gauge\n"
	        "mxseal_self_check_domains_recent %lld\n"
	        "# HELP mxseal_self_check_last_timestamp_seconds When one was last looked at\n"
	        "# TYPE mxseal_self_check_last_timestamp_seconds gauge\n"
	        "mxseal_self_check_last_timestamp_seconds %lld\n",
	        (long long)c->all, (long long)c->since, (long long)c->newest);
}

/* A setting of the sender's; "" for none. */
static enum err read_setting(const struct request *q, const char *name, struct slice *out)
{
	enum err e = settings_get(q->desk->db, name, q->arena, out);

	if (e == ERR_NOTFOUND)
		*out = S("");
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err put_sending(const struct request *q, struct buf *b)
{
	struct slice sent, trouble;
	enum err e = read_setting(q, ALERT_SENT_SETTING, &sent);

	if (e == OK)
		e = read_setting(q, ALERT_TROUBLE_SETTING, &trouble);
	if (e != OK)
		return e;
	buf_printf(b,
	           "# HELP mxseal_alert_command_trouble Whether the command did not take the last "
	           "mail\n# TYPE mxseal_alert_command_trouble gauge\n"
	           "mxseal_alert_command_trouble %d\n",
	           trouble.len > 0);
	if (sent.len > 0)
		buf_printf(b,
		           "# HELP mxseal_alert_last_said_timestamp_seconds When it last took one\n"
		           "# TYPE mxseal_alert_last_said_timestamp_seconds gauge\n"
		           "mxseal_alert_last_said_timestamp_seconds %.*s\n",
		           SLICE_ARGS(sent));
	return OK;
}

enum err api_alerts_metrics(const struct request *q, struct buf *b)
{
	int64_t counts[ALERT_CAUSES][3];
	struct self_check_counts looks;
	enum err e = alerts_count(q->desk->db, counts);

	if (e == OK)
		e = self_check_count(q->desk->db, q->now - 2 * UTC_DAY, &looks);
	if (e != OK)
		return e;
	put_open(b, counts);
	put_looks(b, &looks);
	return put_sending(q, b);
}

json_t *api_alerts_brief(const struct request *q)
{
	int64_t counts[ALERT_CAUSES][3], sums[2];

	if (alerts_count(q->desk->db, counts) != OK)
		return json_null(); /* whether the process lives does not depend on it */
	alerts_sums(counts, sums);
	return json_pack("{s:I, s:I}", "warn", (json_int_t)sums[0], "fail", (json_int_t)sums[1]);
}

json_t *api_alerts_sending(const struct request *q)
{
	struct slice trouble, sent = { 0 };

	if (read_setting(q, ALERT_TROUBLE_SETTING, &trouble) != OK ||
	    read_setting(q, ALERT_SENT_SETTING, &sent) != OK)
		trouble = S("the database cannot be read");
	return json_pack(
	        "{s:b, s:b, s:o, s:o, s:o, s:o}", "configured", (int)alert_sender_is_set(q->desk),
	        "tried", (int)(sent.len > 0), "command", api_string(q->desk->set.alert_command),
	        "trouble", trouble.len == 0 ? json_null() : json_text(trouble), "doubt",
	        api_string(q->desk->set.alert_doubt), "fix", api_string(q->desk->set.alert_fix));
}
