/* doctor: who listens where the configuration says. */
#include <sys/stat.h>
#include <unistd.h>

#include "app/doctor.h"
#include "app/socket_path.h"
#include "app/sockets.h"
#include "net/listen.h"

/* It belongs to whom the state belongs. */
static void judge_path(struct doctor *d, const char *of, const struct address *at)
{
	struct socket_path_fault fault;
	struct stat st;
	uid_t uid = stat(d->state, &st) == 0 ? st.st_uid : geteuid();
	int pid;

	if (d->running && listen_path_taken(at, &pid))
		doctor_add(d, DOCTOR_PASS, "ports",
		           arena_printf(d->cli->arena, "%s: is answered", of), NULL);
	else if (!socket_path_good(at, uid, d->cli->arena, &fault))
		doctor_add(d, DOCTOR_FAIL, "ports",
		           arena_printf(d->cli->arena, "%s: %s", of, fault.why), fault.fix);
	else if (d->running)
		doctor_add(d, DOCTOR_FAIL, "ports",
		           arena_printf(d->cli->arena, "%s: nobody listens", of),
		           "restart the service; [listen] changes at a restart only");
	else
		doctor_add(d, DOCTOR_PASS, "ports",
		           arena_printf(d->cli->arena, "%s: can be made", of), NULL);
}

/* A listener is the service's when this program holds it. */
static void judge_taken(struct doctor *d, const char *of, const struct socket_fault *f)
{
	struct arena *a = d->cli->arena;

	if ((f->ours && d->running) || f->manager)
		doctor_add(d, DOCTOR_PASS, "ports",
		           arena_printf(a,
		                        "%s: %s listens; whether it is reached from outside is "
		                        "not tested",
		                        of, f->owner),
		           NULL);
	else if (f->unseen)
		doctor_add(d, DOCTOR_SKIP, "ports",
		           arena_printf(a, "%s: %s listens, perhaps the service", of, f->owner),
		           "run doctor as root");
	else
		doctor_add(d, DOCTOR_FAIL, "ports",
		           arena_printf(a, "%s: taken by %s", of, f->owner),
		           d->running ? "stop that, or change [listen]; then sudo systemctl "
		                        "restart mxseal"
		                      : "stop that, or change [listen]");
}

static void judge_address_of(struct doctor *d, const char *of, const struct address *at,
                             unsigned flags)
{
	struct arena *a = d->cli->arena;
	struct socket_fault f = { 0 };
	enum err e = sockets_probe(at, flags, a, &f);

	if (e == OK)
		doctor_add(d, d->running ? DOCTOR_FAIL : DOCTOR_PASS, "ports",
		           arena_printf(a, "%s: %s", of, d->running ? "nobody listens" : "is free"),
		           d->running ? "restart the service; [listen] changes at a restart only"
		                      : NULL);
	else if (e == ERR_CONFLICT)
		judge_taken(d, of, &f);
	else if (e == ERR_DENIED)
		doctor_add(d, DOCTOR_SKIP, "ports",
		           arena_printf(a, "%s: cannot be tried by this user", of),
		           "run doctor as root");
	else
		doctor_add(d, DOCTOR_FAIL, "ports",
		           arena_printf(a, "%s: is no address of this machine", of),
		           "change [listen]");
}

static void judge_port(struct doctor *d, const char *what, const struct address *at)
{
	char text[ADDRESS_TEXT_SIZE];
	const char *of = arena_printf(d->cli->arena, "%s %s", what, address_format(&at->any, text));

	if (at->any.ss_family == AF_UNIX)
		judge_path(d, of, at);
	else
		judge_address_of(d, of, at, 0);
	if (strcmp(what, "dns") == 0)
		judge_address_of(d, arena_printf(d->cli->arena, "%s by UDP", of), at,
		                 LISTEN_DATAGRAM);
}

void doctor_ports(struct doctor *d)
{
	if (d->conf == NULL || d->demo)
		return; /* said elsewhere; a demonstration finds its ports itself */
	const struct {
		const char *name;
		const struct conf_addresses *list;
	} rows[] = { { "tls", &d->conf->listen.tls },       { "http", &d->conf->listen.http },
		     { "behind", &d->conf->listen.behind }, { "dns", &d->conf->listen.dns },
		     { "smtp", &d->conf->listen.smtp },     { "lmtp", &d->conf->listen.lmtp },
		     { "admin", &d->conf->listen.admin } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < rows[i].list->count; k++)
			judge_port(d, rows[i].name, &rows[i].list->at[k]);
}
