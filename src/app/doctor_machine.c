/* doctor: what needs no service. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "app/cage.h"
#include "app/doctor.h"
#include "app/master_key.h"
#include "app/outgoing.h"
#include "app/state.h"
#include "base/doc_page.h"
#include "net/clock.h"
#include "net/resolver.h"
#include "service/backup.h"
#include "service/sealed.h"

#define DISK_FAIL_MB 128u /* below it no report is taken (service/intake_disk) */
#define DISK_WARN_MB 512u
#define BACKUP_OLD_S (INT64_C(7) * 86400)
#define BACKUP_DAILY "mxseal backup DIR; " DOC_PAGE("operations.md") " has the line for a daily one"
#define ASK_MS 5000u

static const char *below(const struct doctor *d, const char *name)
{
	return arena_printf(d->cli->arena, "%s/%s", d->state, name);
}

static void closed_to_others(struct doctor *d, const char *path, mode_t never)
{
	struct arena *a = d->cli->arena;
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno != ENOENT)
			doctor_add(d, DOCTOR_SKIP, "permissions",
			           arena_printf(a, "%s cannot be looked at by this user", path),
			           "run doctor as root or as the service's user");
		return;
	}
	if ((st.st_mode & never) != 0)
		doctor_add(d, DOCTOR_FAIL, "permissions",
		           arena_printf(a, "others may use %s (mode %o)", path,
		                        (unsigned)st.st_mode & 0777u),
		           arena_printf(a, "chmod %o %s", (unsigned)(st.st_mode & 0777u & ~never),
		                        path));
}

void doctor_permissions(struct doctor *d)
{
	struct stat st;
	size_t before = d->count;

	if (stat(d->state, &st) != 0) {
		doctor_add(d, DOCTOR_FAIL, "permissions",
		           arena_printf(d->cli->arena, "there is no state directory %s", d->state),
		           "name it with --state DIR; the package and `mxseal serve` make it");
		return;
	}
	closed_to_others(d, d->state, 022);
	closed_to_others(d, below(d, "mxseal.db"), 077);
	closed_to_others(d, below(d, "edge"), 077);
	closed_to_others(d, below(d, "archive"), 077);
	closed_to_others(d, below(d, "master.key"), 037);
	closed_to_others(d, "/etc/mxseal/master.key", 037);
	if (d->conf != NULL && d->conf->server.key_file[0] != '\0')
		closed_to_others(d, d->conf->server.key_file, 037);
	if (d->count == before)
		doctor_add(d, DOCTOR_PASS, "permissions", "state and keys are closed to others",
		           NULL);
}

/* The files of a service that runs are in use: it says itself whether the key fits them. */
static enum master_key key_of(const struct doctor *d, const char *path)
{
	enum master_key k =
	        d->running && !d->fault
	                ? master_key_look(path)
	                : master_key_compare(path, below(d, "mxseal.db"), d->cli->arena);

	if (!d->running || d->fault || k == MASTER_KEY_ABSENT || k == MASTER_KEY_BROKEN)
		return k;
	return d->key_is_other ? MASTER_KEY_OTHER : MASTER_KEY_SAME;
}

void doctor_master_key(struct doctor *d)
{
	struct arena *a = d->cli->arena;
	const char *path = master_key_path(d->conf, d->state, a);
	const char *lost = master_key_remedy(path, a);
	const struct {
		enum doctor_severity severity;
		const char *why, *fix;
	} rows[] = {
		[MASTER_KEY_SAME] = { DOCTOR_PASS, "it is the one of this state", NULL },
		[MASTER_KEY_OTHER] = { DOCTOR_FAIL, SEALED_OTHER_WHY, SEALED_OTHER_FIX },
		[MASTER_KEY_UNNAMED] = { DOCTOR_PASS,
		                         "it is there; the service notes at its start whether it "
		                         "is "
		                         "the one of this state",
		                         NULL },
		[MASTER_KEY_ABSENT] = { DOCTOR_FAIL,
		                        "there is no key file: what is sealed opens with no other, "
		                        "and the service does not start",
		                        lost },
		[MASTER_KEY_CLOSED] = { DOCTOR_SKIP, "cannot be looked at by this user",
		                        "run doctor as root or as the service's user" },
		[MASTER_KEY_BROKEN] = { DOCTOR_FAIL, "the file holds no key of 32 bytes", lost },
	};

	if (!state_has_data(d->state, a))
		return;
	enum master_key k = key_of(d, path);
	doctor_add(d, rows[k].severity, "master-key", arena_printf(a, "%s: %s", path, rows[k].why),
	           rows[k].fix);
}

void doctor_disk(struct doctor *d)
{
	struct arena *a = d->cli->arena;
	struct statvfs v;

	if (statvfs(d->state, &v) != 0) {
		doctor_add(d, DOCTOR_SKIP, "disk",
		           arena_printf(a, "%s: %s", d->state, strerror(errno)),
		           "name the state with --state DIR");
		return;
	}
	unsigned long long mb = (unsigned long long)v.f_bavail * v.f_frsize >> 20;
	bool nodes = v.f_files == 0 || v.f_favail > 100;
	enum doctor_severity s = mb < DISK_FAIL_MB || !nodes ? DOCTOR_FAIL
	                         : mb < DISK_WARN_MB         ? DOCTOR_WARN
	                                                     : DOCTOR_PASS;

	doctor_add(d, s, "disk",
	           arena_printf(a, "%llu MiB are free for %s%s", mb, d->state,
	                        nodes ? "" : ", but hardly a file more"),
	           s == DOCTOR_PASS ? NULL
	                            : "free some space: without it reports are refused and changes "
	                              "fail, while policies are still served");
}

void doctor_clock(struct doctor *d)
{
	struct timex t = { 0 };
	struct stat st;

	if (stat(below(d, "mxseal.db"), &st) == 0 && st.st_mtime > clock_now_s() + 300) {
		doctor_add(d, DOCTOR_FAIL, "clock",
		           "the clock stands before the newest change of the state",
		           "set the clock; ids, certificates and signatures depend on it");
		return;
	}
	if (adjtimex(&t) < 0)
		doctor_add(d, DOCTOR_SKIP, "clock",
		           "the kernel does not say whether it is kept right", "see `timedatectl`");
	else if ((t.status & STA_UNSYNC) != 0)
		doctor_add(d, DOCTOR_WARN, "clock", "nothing keeps the clock right",
		           "apt-get install systemd-timesyncd, or another NTP client");
	else
		doctor_add(d, DOCTOR_PASS, "clock", "it is kept right", NULL);
}

void doctor_cages(struct doctor *d)
{
	struct cage_facts f = cage_probe();
	struct arena *a = d->cli->arena;

	if (!f.seccomp)
		doctor_add(d, DOCTOR_FAIL, "cages",
		           "this kernel has no seccomp filters: reports are not read",
		           "use a kernel with CONFIG_SECCOMP_FILTER");
	else if (f.landlock == 0)
		doctor_add(
		        d, DOCTOR_WARN, "cages",
		        "seccomp holds; Landlock is not in this kernel or switched off: files are "
		        "limited by their permissions only",
		        "use a kernel with Landlock, and lsm= with landlock in it");
	else
		doctor_add(
		        d, DOCTOR_PASS, "cages",
		        arena_printf(
		                a,
		                "seccomp and Landlock %d hold for each process that meets a peer",
		                f.landlock),
		        NULL);
}

void doctor_backup(struct doctor *d)
{
	struct arena *a = d->cli->arena;
	struct stat st;

	if (d->demo)
		return;
	if (stat(below(d, BACKUP_LAST), &st) != 0) {
		if (errno == EACCES)
			doctor_add(d, DOCTOR_SKIP, "backup", "cannot be looked at by this user",
			           "run doctor as root or as the service's user");
		else
			doctor_add(d, DOCTOR_WARN, "backup", "there was never one",
			           BACKUP_DAILY "; keep the master key apart");
		return;
	}
	int64_t age = clock_now_s() - st.st_mtime;
	doctor_add(d, age > BACKUP_OLD_S ? DOCTOR_WARN : DOCTOR_PASS, "backup",
	           arena_printf(a, "the last one is %lld hours old", (long long)(age / 3600)),
	           age > BACKUP_OLD_S ? BACKUP_DAILY : NULL);
}

static void judge_answer(struct doctor *d, const struct dns_answer *n)
{
	struct arena *a = d->cli->arena;

	if (n->state == DNS_BOGUS)
		doctor_add(d, DOCTOR_FAIL, "resolver",
		           arena_printf(a, "the root does not validate: %s", n->why),
		           "see that the clock is right and the trust anchor current "
		           "(apt-get install dns-root-data)");
	else if (n->state == DNS_UNKNOWN)
		doctor_add(d, DOCTOR_SKIP, "resolver",
		           arena_printf(a, "the root could not be asked: %s", n->why),
		           "let UDP and TCP 53 out, or set [resolver] forward");
	else if (!n->secure)
		doctor_add(d, DOCTOR_WARN, "resolver", "answers come, but are not validated",
		           "apt-get install dns-root-data, or set [resolver] trust_anchor; a "
		           "forwarder must pass DNSSEC records on");
	else
		doctor_add(d, DOCTOR_PASS, "resolver",
		           "answers come and are validated from the root", NULL);
}

static void look_at_anchor(struct doctor *d)
{
	const char *file = d->conf->resolver.trust_anchor;

	if (strcmp(file, "off") == 0)
		doctor_add(d, DOCTOR_WARN, "anchor", "validation is switched off",
		           "remove [resolver] trust_anchor = off");
	else if (access(file[0] == '\0' ? RESOLVER_SYSTEM_ANCHOR : file, R_OK) != 0)
		doctor_add(d, file[0] == '\0' ? DOCTOR_WARN : DOCTOR_FAIL, "anchor",
		           arena_printf(d->cli->arena, "%s cannot be read",
		                        file[0] == '\0' ? RESOLVER_SYSTEM_ANCHOR : file),
		           "apt-get install dns-root-data, or set [resolver] trust_anchor");
	else
		doctor_add(d, DOCTOR_PASS, "anchor", "the trust anchor is there", NULL);
}

void doctor_resolver(struct doctor *d)
{
	struct dial_rules rules = { 0 };
	struct diag diag = { .why = "" };
	struct resolver *r = NULL;
	struct dns_answer answer;

	if (d->conf == NULL || d->demo)
		return; /* said elsewhere; a demonstration asks nobody */
	look_at_anchor(d);
	const struct resolver_conf rc = { .forward = slice_str(d->conf->resolver.forward),
		                          .stub = slice_str(d->conf->resolver.stub),
		                          .trust_anchor = slice_str(d->conf->resolver.trust_anchor),
		                          .rules = &rules };
	enum err e = outgoing_rules(d->conf, &rules, &diag);
	if (e == OK)
		e = resolver_open(&rc, &r, &diag);
	if (e != OK) {
		doctor_add(d, DOCTOR_FAIL, "resolver",
		           arena_printf(d->cli->arena, "cannot be used: %s", diag.why),
		           "correct [resolver] and [outgoing]");
		return;
	}
	resolver_ask(r, d->cli->arena, ".", DNS_NS, ASK_MS, &answer);
	resolver_close(r);
	judge_answer(d, &answer);
}
