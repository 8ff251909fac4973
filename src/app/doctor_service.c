/* doctor: the service, its certificates, whom it tells. */
#include <jansson.h>
#include <stdio.h>

#include "app/alert_command.h"
#include "app/client.h"
#include "app/doctor.h"
#include "app/store_fault.h"
#include "service/alert_sender.h"
#include "store/db.h"
#include "store/file_look.h"

#define SILENT_MS 5000

/* As client_get, without words: what they would say becomes a row. */
static int ask(const struct doctor *d, const char *path, bool list, json_t **out)
{
	struct cli quiet = *d->cli;
	int code;

	quiet.err = fopen("/dev/null", "we");
	if (quiet.err == NULL)
		return EXIT_UNKNOWN;
	code = list ? client_list(&quiet, path, out) : client_get(&quiet, path, out);
	(void)fclose(quiet.err); /* nobody reads it */
	return code;
}

static void say_fault(struct doctor *d, const json_t *fault)
{
	struct arena *a = d->cli->arena;

	d->fault = true;
	doctor_add(d, DOCTOR_FAIL, "service",
	           arena_printf(a,
	                        "policies are served, nothing else: the database cannot be used: "
	                        "%s",
	                        client_str(fault, "why", "-")),
	           arena_str(a, slice_str(client_str(fault, "fix", "see the log"))));
}

void doctor_service(struct doctor *d)
{
	json_t *status = NULL;
	int code = ask(d, "/api/v1/status", false, &status);
	size_t bad = 0, i;
	json_t *p;

	d->running = code == EXIT_GOOD;
	if (code == EXIT_DENIED) {
		doctor_add(d, DOCTOR_SKIP, "service", "this user may not ask it",
		           "run doctor as root, or as a member of the group mxseal");
		return;
	}
	if (!d->running) {
		doctor_add(d, DOCTOR_FAIL, "service", "it does not run, or does not answer",
		           "systemctl start mxseal; `journalctl -u mxseal` says why it stopped");
		return;
	}
	if (json_is_object(json_object_get(status, "fault"))) {
		say_fault(d, json_object_get(status, "fault"));
		json_decref(status);
		return;
	}
	d->key_is_other = json_is_true(json_object_get(status, "master_key_is_other"));
	json_array_foreach(json_object_get(status, "processes"), i, p)
	{
		if (client_int(p, "silent_ms") > SILENT_MS)
			bad++;
	}
	if (bad > 0)
		doctor_add(d, DOCTOR_WARN, "service",
		           arena_printf(d->cli->arena, "%zu of its processes give no sign of life",
		                        bad),
		           "look into the log; they are ended and started again by themselves");
	else if (!json_is_true(json_object_get(status, "served_everywhere")))
		doctor_add(d, DOCTOR_WARN, "service", "not every edge serves the newest change yet",
		           "run doctor again; the log says what holds it up");
	else
		doctor_add(d, DOCTOR_PASS, "service", "it runs, and every change is served", NULL);
	json_decref(status);
}

/* The other words doubt a certificate that is in use. */
static bool serves_nobody(const char *state)
{
	return strcmp(state, "missing") == 0 || strcmp(state, "expired") == 0 ||
	       strcmp(state, "not-yet-valid") == 0 || strcmp(state, "other-master-key") == 0;
}

/* Of a host whose TLS somebody else ends: what the service sees of it from outside. */
static bool judge_not_ours(struct doctor *d, const json_t *seen)
{
	static const struct {
		const char *name;
		enum doctor_severity severity;
	} rows[] = { { "skip", DOCTOR_SKIP }, { "warn", DOCTOR_WARN }, { "fail", DOCTOR_FAIL } };
	const json_t *f = json_object_get(seen, "finding");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(client_str(f, "severity", ""), rows[i].name) != 0)
			continue;
		doctor_add(d, rows[i].severity, "certificates",
		           arena_printf(d->cli->arena, "%s: %s",
		                        arena_str(d->cli->arena,
		                                  slice_str(client_str(seen, "host", "-"))),
		                        client_str(f, "detail", "")),
		           json_is_string(json_object_get(f, "fix"))
		                   ? arena_str(d->cli->arena, slice_str(client_str(f, "fix", "")))
		                   : NULL);
		return false;
	}
	return true;
}

static bool judge_certificate(struct doctor *d, const json_t *c)
{
	const char *state = client_str(c, "state", "");
	struct arena *a = d->cli->arena;

	if (json_object_get(c, "outside") != NULL)
		return judge_not_ours(d, json_object_get(c, "outside"));
	if (strcmp(state, "ok") == 0)
		return true;
	doctor_add(d, serves_nobody(state) ? DOCTOR_FAIL : DOCTOR_WARN, "certificates",
	           arena_printf(a, "%s: %s%s%s", client_str(c, "name", "-"), state,
	                        json_object_get(c, "order") == NULL ? "" : ": ",
	                        client_str(json_object_get(c, "order"), "summary", "")),
	           "mxseal cert list says what holds it up; mxseal cert import PATH brings one");
	return false;
}

void doctor_certificates(struct doctor *d)
{
	json_t *list = NULL, *c;
	bool good = true;
	size_t i;

	if (!d->running || d->fault || ask(d, "/api/v1/certs", true, &list) != EXIT_GOOD) {
		doctor_add(d, DOCTOR_SKIP, "certificates", "the service does not say",
		           d->fault ? "mend the database, and run doctor again"
		                    : "start it, and run doctor again");
		return;
	}
	json_array_foreach(json_object_get(list, "items"), i, c)
	{
		good = judge_certificate(d, c) && good;
	}
	if (good)
		doctor_add(d, DOCTOR_PASS, "certificates",
		           "each name that is served has a good one", NULL);
	json_decref(list);
}

/* What the service says of [alert] command; "": nothing. */
struct telling {
	bool configured, tried;
	const char *to, *command, *trouble, *doubt, *fix;
};

static void judge_untold(struct doctor *d, const struct telling *t)
{
	doctor_add(d, DOCTOR_INFO, "alerts", "nobody is told of what needs a person",
	           t->to[0] == '\0'
	                   ? "set [alert] to in mxseal.conf, then mxseal alert test"
	                   : "set [alert] command: this machine has no sendmail; then mxseal "
	                     "alert test");
}

static void judge_command(struct doctor *d, const struct telling *t)
{
	struct arena *a = d->cli->arena;

	if (t->trouble[0] != '\0')
		doctor_add(d, DOCTOR_WARN, "alerts",
		           arena_printf(a, "[alert] command does not take mails: %s%s%s",
		                        t->trouble, t->doubt[0] != '\0' ? "; " : "", t->doubt),
		           t->doubt[0] != '\0' ? t->fix : "mxseal alert test tries it again");
	else if (t->doubt[0] != '\0')
		doctor_add(d, DOCTOR_WARN, "alerts", t->doubt, t->fix);
	else
		doctor_add(d, t->tried ? DOCTOR_PASS : DOCTOR_SKIP, "alerts",
		           arena_printf(a, "what needs a person is said by %s%s", t->command,
		                        t->tried ? "" : ", which has had no mail yet"),
		           t->tried ? NULL : "mxseal alert test sends one");
}

static void judge_telling(struct doctor *d, const json_t *way)
{
	struct arena *a = d->cli->arena;
	const struct telling t = {
		.configured = json_is_true(json_object_get(way, "configured")),
		.tried = json_is_true(json_object_get(way, "tried")),
		.to = d->conf == NULL ? "" : d->conf->alert.to,
		.command = client_str(way, "command", "-"),
		.trouble = client_str(way, "trouble", ""),
		.doubt = arena_str(a, slice_str(client_str(way, "doubt", ""))),
		.fix = arena_printf(a, "%s; then mxseal alert test", client_str(way, "fix", "")),
	};

	if (t.configured)
		judge_command(d, &t);
	else
		judge_untold(d, &t);
}

/* Mail about a domain's trouble may not depend on that domain. */
static void judge_address(struct doctor *d)
{
	const char *at = d->conf == NULL ? NULL : strchr(d->conf->alert.to, '@');
	json_t *domain = NULL;

	if (at == NULL ||
	    ask(d, client_path(d->cli, "/api/v1/domains/%s", at + 1), false, &domain) != EXIT_GOOD)
		return;
	doctor_add(d, DOCTOR_INFO, "alerts",
	           arena_printf(d->cli->arena, "%s lies in a domain that is watched",
	                        d->conf->alert.to),
	           "[alert] to = an address elsewhere, so that the news of its trouble arrive");
	json_decref(domain);
}

void doctor_alerts(struct doctor *d)
{
	json_t *status = NULL;
	const json_t *open;

	if (!d->running || d->demo || d->fault ||
	    ask(d, "/api/v1/status", false, &status) != EXIT_GOOD)
		return; /* said by others */
	judge_telling(d, json_object_get(status, "alert_command"));
	judge_address(d);
	open = json_object_get(status, "alerts");
	if (client_int(open, "warn") + client_int(open, "fail") > 0)
		doctor_add(d, client_int(open, "fail") > 0 ? DOCTOR_WARN : DOCTOR_INFO, "alerts",
		           arena_printf(
		                   d->cli->arena,
		                   "%lld open, %lld of them harm mail or its protection now",
		                   (long long)(client_int(open, "warn") + client_int(open, "fail")),
		                   (long long)client_int(open, "fail")),
		           "mxseal alert list says what each needs");
	json_decref(status);
}

/* Whatever says that it is used says nothing of its files. */
void doctor_database(struct doctor *d)
{
	static const enum store_fault faults[] = {
		[FILE_LOOK_GOOD] = STORE_GOOD,     [FILE_LOOK_ABSENT] = STORE_GOOD,
		[FILE_LOOK_CLOSED] = STORE_GOOD,   [FILE_LOOK_NEWER] = STORE_NEWER,
		[FILE_LOOK_NO_LOG] = STORE_NO_LOG, [FILE_LOOK_NO_DB] = STORE_DAMAGED
	};
	const char *path = arena_printf(d->cli->arena, "%s/mxseal.db", d->state);
	enum store_fault f = faults[file_look(path, db_version_newest())];

	if (d->running || f == STORE_GOOD)
		return;
	doctor_add(d, DOCTOR_FAIL, "database",
	           arena_printf(d->cli->arena, "%s cannot be used: %s", path,
	                        store_fault_words(f)->why),
	           store_fault_words(f)->fix);
}
