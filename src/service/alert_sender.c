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

/* What the next mail speaks of. */
struct choice {
	int64_t now;
	struct alert_paces paces;
	struct alert_kind kind; /* event ALERT_NOTHING: none yet */
	struct alert_row *rows;
	size_t count;
};

/* What is of one kind with the first that is to be said and need not wait: all of it. */
static enum alert_keep choose(void *ctx, const struct alert_row *row)
{
	struct choice *c = ctx;
	struct alert_kind k = alert_kind(row->cause, &row->state, c->now);

	if (k.event == ALERT_NOTHING)
		return ALERT_LEAVE;
	if (c->kind.event == ALERT_NOTHING &&
	    alert_pace_is_over(&k, alert_pace(&c->paces, &k), c->now))
		c->kind = k;
	if (!alert_kind_eq(&k, &c->kind))
		return ALERT_LEAVE;
	return c->count++ < ALERT_MAIL_NAMES_MAX ? ALERT_WHOLE : ALERT_LEAN;
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

static enum err choose_rows(struct desk *d, struct arena *a, struct choice *c)
{
	enum err e = alerts_paces(d->db, &c->paces);

	if (e == OK)
		e = alerts_unsaid(d->db, choose, c, a, &c->rows, &c->count);
	return e == OK && c->count == 0 ? ERR_NOTFOUND : e;
}

static enum err mark(struct desk *d, int receipt, const struct choice *c, struct alert_mail *m)
{
	struct alert_going g = {
		.mail = m->id,
		.kind = c->kind,
		.pause = alert_pace_next(&c->kind, alert_pace(&c->paces, &c->kind), c->now),
		.rows = m->rows,
		.count = m->count,
	};

	m->pause = alert_pace_words(g.pause);
	return ftruncate(receipt, 0) == 0 ? alerts_saying(d->db, &g) : ERR_IO;
}

/*
 * The next mail, with its rows marked.  ERR_NOTFOUND: nothing is to be said by now.  The lock is
 * held.
 */
static enum err take(struct desk *d, int receipt, int64_t now, struct arena *a,
                     struct alert_mail *out)
{
	struct choice c = { .now = now };
	enum err e = recover(d, receipt, now);

	if (e == OK)
		e = choose_rows(d, a, &c);
	if (e != OK)
		return e;
	*out = new_mail(d, now, a);
	out->event = c.kind.event;
	out->cause = c.kind.cause;
	out->rows = c.rows;
	out->count = c.count;
	return mark(d, receipt, &c, out);
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
