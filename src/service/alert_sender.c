#include "service/alert_sender.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "service/alert_mail.h"
#include "service/hook.h"
#include "store/settings.h"

bool alert_sender_is_set(const struct desk *d)
{
	return d->set.alert_command[0] != '\0';
}

/* Who the mails are from: a name that is ours, else what the machine calls itself. */
static const char *own_host(const struct desk *d, struct arena *a)
{
	struct utsname machine;

	if (d->set.service_host[0] != '\0')
		return d->set.service_host;
	return uname(&machine) == 0 ? arena_str(a, slice_str(machine.nodename)) : "localhost";
}

static struct alert_mail new_mail(struct desk *d, int64_t now, struct arena *a)
{
	return (struct alert_mail){
		.id = db_new_id(d->db, now),
		.now = now,
		.to = d->set.alert_to,
		.host = own_host(d, a),
		.dashboard = d->set.service_host[0] == '\0'
		                     ? ""
		                     : arena_printf(a, "https://%s/", d->set.service_host),
	};
}

/* What shares the cause, and what became of it, with the first that is to be said: all of it. */
static enum alert_keep choose(void *ctx, const struct alert_row *row)
{
	struct alert_mail *m = ctx;
	enum alert_event e = alert_event(row->cause, &row->state, m->now);

	if (m->event == ALERT_NOTHING) {
		m->event = e;
		m->cause = row->cause;
	}
	if (e == ALERT_NOTHING || e != m->event || row->cause != m->cause)
		return ALERT_LEAVE;
	return m->count++ < ALERT_MAIL_NAMES_MAX ? ALERT_WHOLE : ALERT_LEAN;
}

/*
 * The receipt, locked.  ERR_AGAIN: the command of an earlier process still runs.  ERR_IO: it cannot
 * be had.
 */
static enum err open_receipt(const struct desk *d, int *fd_out)
{
	struct arena *a = arena_new();
	int fd = open(arena_printf(a, "%s/" ALERT_RECEIPT_FILE, d->set.state_dir),
	              O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	arena_free(a);
	if (fd < 0)
		return ERR_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd); /* nothing was written */
		return ERR_AGAIN;
	}
	*fd_out = fd;
	return OK;
}

/* A mail that was under way when the process before this one ended.  The lock is held. */
static enum err recover(struct desk *d, int receipt, int64_t now)
{
	struct stat st;
	int64_t mail;
	enum err e = alerts_under_way(d->db, &mail);

	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	if (fstat(receipt, &st) != 0)
		return ERR_IO;
	log_info("a mail about alerts was under way", F("gone", st.st_size > 0 ? "yes" : "no"));
	return st.st_size > 0 ? alerts_said(d->db, mail, now) : alerts_not_said(d->db, mail);
}

/* The next mail, with its rows marked.  ERR_NOTFOUND: nothing is to be said.  The lock is held. */
static enum err take(struct desk *d, int receipt, int64_t now, struct arena *a,
                     struct alert_mail *out)
{
	struct alert_row *rows = NULL;
	enum err e = recover(d, receipt, now);

	if (e != OK)
		return e;
	*out = new_mail(d, now, a);
	out->event = ALERT_NOTHING;
	e = alerts_unsaid(d->db, choose, out, a, &rows, &out->count);
	if (e != OK)
		return e;
	if (out->count == 0)
		return ERR_NOTFOUND;
	out->rows = rows;
	if (ftruncate(receipt, 0) != 0)
		return ERR_IO;
	return alerts_saying(d->db, out->id, out->rows, out->count);
}

static const char *trouble_of(enum err e, const struct hook_result *r, struct arena *a)
{
	if (e == OK && r->code == 0)
		return "";
	if (e != OK)
		return arena_printf(a, "it cannot be started: %s", err_name(e));
	if (r->code < 0)
		return arena_str(a, slice_str(r->words));
	return arena_printf(a, "exit status %d%s%s", r->code, r->words[0] != '\0' ? ": " : "",
	                    r->words);
}

const char *alert_sender_fix(const struct desk *d, struct arena *a)
{
	if (d->set.alert_doubt[0] == '\0')
		return "run it by hand as the service's user, with a mail on its input";
	return arena_printf(a, "%s, since %s", d->set.alert_fix, d->set.alert_doubt);
}

/* What the command made of a mail.  The lock is held. */
static enum err note_command(struct desk *d, const char *trouble, int64_t now, struct arena *a)
{
	enum err e = OK;

	if (trouble[0] == '\0')
		e = settings_set(d->db, ALERT_SENT_SETTING,
		                 slice_str(arena_printf(a, "%lld", (long long)now)));
	return e == OK ? settings_set(d->db, ALERT_TROUBLE_SETTING, slice_str(trouble)) : e;
}

/* The lock is held. */
static enum err note(struct desk *d, const struct alert_mail *m, const char *trouble, int64_t now,
                     struct arena *a)
{
	enum err e =
	        trouble[0] == '\0' ? alerts_said(d->db, m->id, now) : alerts_not_said(d->db, m->id);

	return e == OK ? note_command(d, trouble, now, a) : e;
}

static enum err run_command(struct desk *d, const struct alert_mail *m, int receipt,
                            const atomic_bool *stop, struct arena *a, struct hook_result *r)
{
	struct buf text;
	enum err e;

	buf_init(&text, HOOK_NOTED_MAX);
	alert_mail_format(m, a, &text);
	/* What is too long ends where it ends; the commands that it names say the rest. */
	e = hook_run_noted(d->set.alert_command, buf_slice(&text), ALERT_COMMAND_MS, stop, receipt,
	                   r);
	buf_fini(&text);
	return e;
}

static void log_outcome(const struct desk *d, const struct alert_mail *m, const char *trouble,
                        struct arena *a)
{
	if (trouble[0] != '\0')
		log_error("[alert] command failed", F("why", trouble),
		          F("fix", alert_sender_fix(d, a)));
	else
		log_info("alert said", F("event", alert_event_name(m->event)),
		         F("cause", alert_code(m->cause)), F("name", m->rows[0].name),
		         FN("names", m->count));
}

static bool say(struct desk *d, int receipt, const atomic_bool *stop, int64_t now, struct arena *a,
                bool *failed_out)
{
	struct hook_result r = { .code = -1 };
	struct alert_mail m = { 0 };

	desk_lock(d);
	enum err e = take(d, receipt, now, a, &m);
	desk_unlock(d);
	if (e == ERR_NOTFOUND)
		return false;
	if (e == OK) {
		e = run_command(d, &m, receipt, stop, a, &r);
		if (e == ERR_CLOSED)
			return false; /* the receipt tells the next process */
		const char *trouble = trouble_of(e, &r, a);
		*failed_out = trouble[0] != '\0';
		log_outcome(d, &m, trouble, a);
		desk_lock(d);
		e = note(d, &m, trouble, now, a);
		desk_unlock(d);
	}
	if (e != OK)
		log_error("what was said of alerts cannot be noted", F("why", err_name(e)));
	return e == OK && !*failed_out;
}

bool alert_sender_run(struct desk *d, int64_t now, struct arena *a, const atomic_bool *stop,
                      bool *failed_out)
{
	int receipt = -1;
	enum err e;
	bool more;

	*failed_out = false;
	if (!alert_sender_is_set(d))
		return false;
	e = open_receipt(d, &receipt);
	if (e != OK) {
		*failed_out = e == ERR_IO;
		if (e == ERR_IO)
			log_error("the receipt of alerts cannot be opened");
		return false;
	}
	more = say(d, receipt, stop, now, a, failed_out);
	(void)close(receipt); /* what is on it was written by others */
	return more;
}

enum err alert_sender_test(struct desk *d, int64_t now, struct arena *a, struct hook_result *out)
{
	struct alert_mail m = { 0 };
	struct buf text;
	enum err e;

	desk_lock(d);
	m = new_mail(d, now, a);
	desk_unlock(d);
	buf_init(&text, HOOK_NOTED_MAX);
	alert_mail_test(&m, &text);
	e = hook_run(d->set.alert_command, buf_slice(&text), ALERT_COMMAND_MS, &d->stopping, NULL,
	             out);
	buf_fini(&text);
	desk_lock(d);
	if (note_command(d, trouble_of(e, out, a), now, a) != OK)
		log_warn("what became of a test of [alert] command cannot be noted");
	desk_unlock(d);
	return e;
}
