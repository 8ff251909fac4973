/* restore: a backup becomes the state; what is there is set aside, reports of it are kept. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backup_files.h"
#include "app/client.h"
#include "app/commands.h"
#include "app/restore_key.h"
#include "app/state.h"
#include "base/utc.h"
#include "mtasts/policy.h"
#include "net/clock.h"
#include "store/domains.h"
#include "store/edgedb.h"
#include "store/file_look.h"
#include "store/policies.h"

struct restore {
	const struct cli *cli;
	const char *dir, *state, *aside;
	struct backup_manifest manifest;
	struct privilege owner;
	int64_t now, seq_min; /* of edge.db */
	json_t *newer;        /* what was published after the backup, as far as it can be seen */
	size_t bumped;
	int lock;
};

typedef int (*domain_fn)(struct restore *r, struct db *db, const struct domain *d);

static const char *in_state(const struct restore *r, const char *name)
{
	return arena_printf(r->cli->arena, "%s/%s", r->state, name);
}

static int failed(const struct restore *r, const char *what, const char *why)
{
	const char *fix = "run it as root or as the service's user, and look for free space (`df`)";

	if (r->aside != NULL)
		fix = arena_printf(r->cli->arena,
		                   "%s; or restore another backup: what was there lies in %s", fix,
		                   r->aside);
	return cli_error(r->cli, EXIT_UNKNOWN, what, why, fix);
}

/* What its files tell; a damaged page is found by SQLite only. */
static int check_database(const struct restore *r, const char *path)
{
	switch (file_look(path, db_version_newest())) {
	case FILE_LOOK_NEWER:
		return cli_error(r->cli, EXIT_FINDINGS, path, "was made by a newer mxseal",
		                 "use the newer mxseal, or an older backup");
	case FILE_LOOK_NO_DB:
		return cli_error(r->cli, EXIT_FINDINGS, path, "is no database",
		                 "take another backup; nothing was changed here");
	case FILE_LOOK_GOOD:
	case FILE_LOOK_ABSENT:
	case FILE_LOOK_CLOSED:
	case FILE_LOOK_NO_LOG:
	default:
		return EXIT_GOOD; /* it was read a moment ago, and its log is no part of a backup */
	}
}

static int check(struct restore *r)
{
	struct arena *a = r->cli->arena;
	enum err e = backup_manifest_read(r->dir, a, &r->manifest);

	if (e != OK)
		return cli_error(r->cli, EXIT_FINDINGS, r->dir,
		                 e == ERR_NOTFOUND ? "this is no backup"
		                                   : "the list of its files cannot be read",
		                 "name a folder that `mxseal backup` made");
	for (size_t i = 0; i < r->manifest.count; i++) {
		const struct backup_file *f = &r->manifest.files[i];
		const char *path = arena_printf(a, "%s/%s", r->dir, f->name);
		struct backup_file is = { 0 };

		if (backup_sum(path, UINT64_MAX, &is) != OK || is.size != f->size ||
		    strcmp(is.sha256, f->sha256) != 0)
			return cli_error(r->cli, EXIT_FINDINGS, path,
			                 "is not as it was when the backup was made",
			                 "take another backup; nothing was changed here");
	}
	return check_database(r, arena_printf(a, "%s/mxseal.db", r->dir));
}

static int take_state(struct restore *r)
{
	struct state_fault f;
	struct stat st;

	if (stat(r->state, &st) != 0)
		return cli_error(r->cli, EXIT_UNKNOWN, r->state, strerror(errno),
		                 "make it first, for the service's user");
	r->owner = (struct privilege){ .uid = st.st_uid, .gid = st.st_gid };
	r->owner.change = geteuid() == 0 && st.st_uid != 0;
	(void)umask(077); /* cannot fail */
	if (!state_prepare(r->state, r->manifest.demo, &r->owner, r->cli->arena, &r->lock, &f))
		return cli_error(r->cli, f.code, f.what, f.why, f.fix);
	return EXIT_GOOD;
}

static int confirm(const struct restore *r)
{
	char line[16] = "", made[UTC_TEXT_SIZE];

	if (r->cli->yes)
		return EXIT_GOOD;
	if (!r->cli->progress)
		return cli_error(r->cli, EXIT_USAGE, r->state,
		                 "restoring needs --yes without a terminal",
		                 "add --yes when you are sure");
	cli_print_safe(r->cli->err,
	               arena_printf(r->cli->arena, "%s becomes what it was on %s.\nGo on? [y/N] ",
	                            r->state, utc_format(r->manifest.made, made)));
	if (fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y'))
		return EXIT_GOOD;
	return cli_error(r->cli, EXIT_FINDINGS, r->state, "not restored",
	                 "answer y, or give --yes");
}

static int each_domain(struct restore *r, struct db *db, domain_fn fn)
{
	struct slice after = S("");
	size_t n = DB_LIST_MAX;
	int code = EXIT_GOOD;

	while (code == EXIT_GOOD && n == DB_LIST_MAX) {
		struct domain *list;

		if (domains_list(db, TENANT_ONLY, after, DB_LIST_MAX, r->cli->arena, &list, &n) !=
		    OK)
			return failed(r, "mxseal.db", "the domains cannot be read");
		for (size_t i = 0; code == EXIT_GOOD && i < n; i++)
			code = fn(r, db, &list[i]);
		if (n > 0)
			after = slice_str(list[n - 1].name);
	}
	return code;
}

/* A sender that fetched it may act on it for its max_age from now on. */
static int note_newest(struct restore *r, struct db *db, const struct domain *d)
{
	struct publication p;
	char until[UTC_TEXT_SIZE];

	if (policies_newest(db, d->id, r->cli->arena, &p) != OK)
		return EXIT_GOOD;
	(void)json_array_append_new(
	        r->newer, json_pack("{s:s, s:s, s:s, s:s}", "domain", d->name, "id", p.policy_id,
	                            "mode", policy_mode_name(p.policy->mode), "held_until",
	                            utc_format(r->now + p.policy->max_age, until)));
	return EXIT_GOOD;
}

/* The state that is there may be broken, which is why somebody restores: then nothing is known. */
static void look_at_present(struct restore *r)
{
	struct diag d;
	struct db *db;
	struct edgedb *edge;
	int64_t seq = 0;

	if (db_open(in_state(r, "mxseal.db"), DB_READ, &db, &d) == OK) {
		(void)each_domain(r, db, note_newest); /* what it could read is noted */
		db_close(db);
	}
	if (edgedb_open_reader(in_state(r, "edge/edge.db"), &edge, &d) == OK) {
		if (edgedb_seq(edge, &seq) == OK)
			r->seq_min = seq;
		edgedb_close(edge);
	}
}

static int make_aside(struct restore *r)
{
	struct arena *a = r->cli->arena;
	char time[UTC_TEXT_SIZE];
	const char *path =
	        in_state(r, arena_printf(a, "before-restore-%s", utc_format_compact(r->now, time)));

	if (mkdir(path, 0700) != 0 || mkdir(arena_printf(a, "%s/edge", path), 0700) != 0 ||
	    mkdir(arena_printf(a, "%s/archive", path), 0700) != 0)
		return failed(r, path, strerror(errno));
	r->aside = path;
	return EXIT_GOOD;
}

static int set_aside(struct restore *r, const char *name)
{
	struct stat st;

	if (lstat(in_state(r, name), &st) != 0)
		return EXIT_GOOD;
	int code = r->aside == NULL ? make_aside(r) : EXIT_GOOD;
	if (code != EXIT_GOOD)
		return code;
	if (rename(in_state(r, name), arena_printf(r->cli->arena, "%s/%s", r->aside, name)) != 0)
		return failed(r, name, strerror(errno));
	return EXIT_GOOD;
}

/* A segment only grows: one here that goes on where the backup ends has reports that came since. */
static bool goes_on(const struct restore *r, const struct backup_file *f)
{
	struct backup_file here = { 0 };

	return backup_sum(in_state(r, f->name), f->size, &here) == OK && here.size >= f->size &&
	       strcmp(here.sha256, f->sha256) == 0;
}

static const char *place_of(const struct backup_file *f)
{
	return strcmp(f->name, "edge.db") == 0 ? "edge/edge.db" : f->name;
}

static const char *draft_of(const struct restore *r, const struct backup_file *f)
{
	return in_state(r, arena_printf(r->cli->arena, "%s.restore", place_of(f)));
}

/* Beside the place where it goes, so that nothing is touched before all is there. */
static int bring(const struct restore *r, const struct backup_file *f)
{
	const char *draft = draft_of(r, f);
	struct backup_file is = { 0 };

	(void)unlink(draft); /* of a command that was killed, if any */
	if (slice_starts(slice_str(f->name), S("archive/")) && goes_on(r, f))
		return EXIT_GOOD;
	if (backup_copy(arena_printf(r->cli->arena, "%s/%s", r->dir, f->name), draft, NULL, &is) !=
	    OK)
		return failed(r, draft, strerror(errno));
	return strcmp(is.sha256, f->sha256) == 0
	               ? EXIT_GOOD
	               : failed(r, f->name, "changed while it was copied");
}

static int bring_all(const struct restore *r)
{
	int code = EXIT_GOOD;

	for (size_t i = 0; code == EXIT_GOOD && i < r->manifest.count; i++)
		code = bring(r, &r->manifest.files[i]);
	for (size_t i = 0; code != EXIT_GOOD && i < r->manifest.count; i++)
		(void)unlink(draft_of(r, &r->manifest.files[i])); /* as far as they came */
	return code;
}

static int put(struct restore *r, const struct backup_file *f)
{
	const char *draft = draft_of(r, f), *name = place_of(f);
	struct stat st;

	if (lstat(draft, &st) != 0)
		return EXIT_GOOD; /* what is there goes on */
	int code = set_aside(r, name);
	if (code == EXIT_GOOD && rename(draft, in_state(r, name)) != 0)
		return failed(r, name, strerror(errno));
	return code;
}

static int put_all(struct restore *r)
{
	static const char *const logs[] = { "mxseal.db-wal", "mxseal.db-shm", "edge/edge.db-wal",
		                            "edge/edge.db-shm" };
	int code = bring_all(r);

	for (size_t i = 0; code == EXIT_GOOD && i < ARRAY_LEN(logs); i++)
		code = set_aside(r, logs[i]);
	for (size_t i = 0; code == EXIT_GOOD && i < r->manifest.count; i++)
		code = put(r, &r->manifest.files[i]);
	return code;
}

/* True when the backup ends with the publication that is noted; moments of one second do not tell.
 */
static bool is_known(struct restore *r, struct db *db, const json_t *noted)
{
	struct slice name = slice_str(json_string_value(json_object_get(noted, "domain")));
	const char *id = json_string_value(json_object_get(noted, "id"));
	struct domain d;
	struct publication p;

	return domains_by_name(db, TENANT_ONLY, name, r->cli->arena, &d) == OK &&
	       policies_newest(db, d.id, r->cli->arena, &p) == OK && strcmp(p.policy_id, id) == 0;
}

/* What remains of the notes was published after the backup. */
static void forget_known(struct restore *r, struct db *db)
{
	for (size_t i = json_array_size(r->newer); i-- > 0;)
		if (is_known(r, db, json_array_get(r->newer, i)))
			(void)json_array_remove(r->newer, i); /* i is one of them */
}

static int bump(struct restore *r, struct db *db, const struct domain *d)
{
	struct policies_saved saved;
	enum err e = d->hosted ? policies_save(db, d->id, POLICIES_BUMP, NULL, r->now,
	                                       r->cli->arena, &saved)
	                       : ERR_NOTFOUND;

	if (e != OK && e != ERR_NOTFOUND) /* nothing to bump */
		return failed(r, d->name, "a further id cannot be made");
	r->bumped += e == OK ? 1 : 0;
	return EXIT_GOOD;
}

/* Brought to this program's version, so that what cannot be read of it is found out here. */
static int settle(struct restore *r)
{
	struct diag d = { .why = "cannot be used" };
	struct edgedb *edge;
	struct db *db;
	int code = EXIT_GOOD;

	if (db_open(in_state(r, "mxseal.db"), DB_MIGRATE, &db, &d) != OK)
		return failed(r, "mxseal.db", d.why);
	forget_known(r, db);
	if (cli_has(r->cli, "further-ids"))
		code = each_domain(r, db, bump);
	db_close(db);
	if (code != EXIT_GOOD)
		return code;
	/* Secondaries know serials that the backup does not: about one change a second is assumed.
	 */
	if (edgedb_prepare(in_state(r, "edge/edge.db"), &d) != OK ||
	    edgedb_open_writer(in_state(r, "edge/edge.db"), &edge, &d) != OK)
		return failed(r, "edge.db", d.why);
	int64_t seq = 0;
	enum err e = edgedb_seq(edge, &seq);
	if (e == OK && r->now > r->manifest.made)
		seq += r->now - r->manifest.made;
	if (e == OK)
		e = edgedb_raise(edge, seq > r->seq_min ? seq : r->seq_min + 1);
	edgedb_close(edge);
	return e == OK ? EXIT_GOOD : failed(r, "edge.db", "cannot be written");
}

static bool give(const struct restore *r, const char *name)
{
	return chown(in_state(r, name), r->owner.uid, r->owner.gid) == 0 || errno == ENOENT;
}

static int give_back(const struct restore *r)
{
	static const char *const names[] = {
		"lock",         "mxseal.db",        "mxseal.db-wal",   "mxseal.db-shm",
		"edge/edge.db", "edge/edge.db-wal", "edge/edge.db-shm"
	};
	bool good = true;

	if (!r->owner.change)
		return EXIT_GOOD;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		good = give(r, names[i]) && good;
	for (size_t i = 0; i < r->manifest.count; i++)
		if (slice_starts(slice_str(r->manifest.files[i].name), S("archive/")))
			good = give(r, r->manifest.files[i].name) && good;
	return good ? EXIT_GOOD : failed(r, r->state, "files cannot be given to its owner");
}

static void say_newer(const struct restore *r)
{
	struct arena *a = r->cli->arena;
	char made[UTC_TEXT_SIZE];

	for (size_t i = 0; i < json_array_size(r->newer); i++) {
		const json_t *p = json_array_get(r->newer, i);

		cli_print_safe(
		        r->cli->out,
		        arena_printf(
		                a,
		                "  [WARN] %s: id %s (%s) is newer; senders may hold it until %s\n",
		                client_str(p, "domain", ""), client_str(p, "id", ""),
		                client_str(p, "mode", ""), client_str(p, "held_until", "")));
	}
	cli_print_safe(
	        r->cli->out,
	        arena_printf(a,
	                     "Senders may hold whatever was published after %s; the horizon does "
	                     "not know of it.\n",
	                     utc_format(r->manifest.made, made)));
	if (r->bumped > 0)
		cli_print_safe(
		        r->cli->out,
		        arena_printf(a,
		                     "%zu domains get a further id at the next start, so that "
		                     "senders fetch again.\n",
		                     r->bumped));
	else
		cli_print_safe(r->cli->out,
		               "`mxseal policy bump DOMAIN`, or --further-ids here, gives a "
		               "further id, so that senders fetch again.\n");
}

static int say(const struct restore *r)
{
	const struct restore_key key = restore_key_look(r->cli, r->state, r->dir);
	char made[UTC_TEXT_SIZE];
	json_t *answer = json_pack("{s:s, s:s, s:s, s:s?, s:O, s:I, s:{s:s, s:s}}", "schema",
	                           "mxseal.restore/1", "state", r->state, "made",
	                           utc_format(r->manifest.made, made), "set_aside", r->aside,
	                           "newer", r->newer, "further_ids", (json_int_t)r->bumped,
	                           "master_key", "file", key.file, "is", key.is);

	if (client_print_json(r->cli, answer))
		return cli_finish(r->cli, EXIT_GOOD);
	json_decref(answer);
	cli_print_safe(r->cli->out,
	               arena_printf(r->cli->arena, "%s is as it was on %s.\n", r->state, made));
	if (r->aside != NULL)
		cli_print_safe(r->cli->out, arena_printf(r->cli->arena,
		                                         "What was there lies in %s.\n", r->aside));
	say_newer(r);
	restore_key_say(r->cli, &key);
	return cli_finish(r->cli, EXIT_GOOD);
}

/* Whatever comes of it, the files in the state are its owner's again. */
static int replace(struct restore *r)
{
	int code, given;

	look_at_present(r);
	code = put_all(r);
	if (code == EXIT_GOOD)
		code = settle(r);
	given = give_back(r);
	return code == EXIT_GOOD ? given : code;
}

static int run(const struct cli *cli)
{
	struct restore r = { .cli = cli,
		             .dir = cli->args[0],
		             .state = client_state(cli),
		             .now = clock_now_s(),
		             .newer = json_array(),
		             .lock = -1 };
	int code = check(&r);

	if (code == EXIT_GOOD)
		code = confirm(&r);
	if (code == EXIT_GOOD)
		code = take_state(&r);
	if (code == EXIT_GOOD)
		code = replace(&r);
	if (code == EXIT_GOOD)
		code = say(&r);
	json_decref(r.newer);
	if (r.lock >= 0)
		(void)close(r.lock); /* nothing was written */
	return code;
}

static const struct option_spec options[] = {
	{ .name = "further-ids", .help = "publish every policy under a further id" },
};

const struct command cmd_restore = {
	.name = "restore",
	.args = "DIR",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_RUN,
	.common = COMMON_JSON | COMMON_YES | COMMON_STATE,
	.summary = "make the state what a backup holds; the service must be stopped",
	.details =
	        "What is there is set aside in the state directory. Reports that came after the\n"
	        "backup are kept and read again where they are still there. Senders may hold\n"
	        "policies that were published after the backup; --further-ids makes them fetch\n"
	        "again. The master key is not in a backup and must be there: restore says whether "
	        "it is\n"
	        "the one that the backup was sealed under.",
	.examples = "mxseal restore /srv/backup/mxseal-today --yes\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};
