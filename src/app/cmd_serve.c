/* serve: from the command line to a running parent. */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/demo.h"
#include "app/folder.h"
#include "app/master_key.h"
#include "app/notify.h"
#include "app/parent.h"
#include "app/privilege.h"
#include "app/socket_path.h"
#include "app/state.h"
#include "app/transfer_keys.h"
#include "app/update_key.h"
#include "base/num.h"

#define CONFIG_FILE "/etc/mxseal/mxseal.conf"
#define READERS 2u
#define AGAIN_S 5u          /* until a manager starts it again for what may be over by itself */
#define FILES_WANTED 16384u /* open at once in one process */

extern char **environ;

static const struct option_spec options[] = {
	{ .name = "config", .arg = "FILE", .help = "the configuration, else " CONFIG_FILE },
	{ .name = "check-config", .help = "read the configuration, say what is wrong, and end" },
	{ .name = "print-config", .help = "print every setting and where it comes from, and end" },
	{ .name = "demo", .help = "a demonstration on loopback, without configuration" },
	{ .name = "empty", .help = "with --demo: without domains and reports" },
	{ .name = "port-base",
	  .arg = "N",
	  .help = "with --demo: ports N (dashboard), N+53, N+80, N+443; a taken one is an error" },
	{ .name = "edges", .arg = "N", .help = "processes that serve policies; else one per core" },
};

/* Everything that serve gathers before the parent takes over. */
struct serve {
	const struct cli *cli;
	bool demo;
	unsigned edges;
	uint64_t port_base; /* 0: not given */
	struct conf_setting flags[8];
	struct conf_sources sources;
	struct conf *conf;
	struct keys keys;
	struct privilege privilege;
	struct sockets sockets;
	int lock;
};

static void add_flag(struct serve *s, const char *key, const char *value, const char *from)
{
	s->flags[s->sources.flag_count++] = (struct conf_setting){ key, value, from };
}

static int number(const struct cli *cli, const char *name, uint64_t max, uint64_t *out)
{
	const char *text = cli_get(cli, name);

	if (text == NULL)
		return EXIT_GOOD;
	if (num_parse_u64(slice_str(text), max, out) == OK && *out > 0)
		return EXIT_GOOD;
	return cli_error(
	        cli, EXIT_USAGE, arena_printf(cli->arena, "--%s", name),
	        arena_printf(cli->arena, "takes a number from 1 to %llu", (unsigned long long)max),
	        "see mxseal serve --help");
}

static int read_options(struct serve *s)
{
	const struct cli *cli = s->cli;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t edges = cores < 1 ? 1 : (uint64_t)cores;
	int code = number(cli, "edges", PARENT_EDGES_MAX, &edges);

	s->demo = cli_has(cli, "demo");
	s->edges = edges > PARENT_EDGES_MAX ? PARENT_EDGES_MAX : (unsigned)edges;
	if (code == EXIT_GOOD)
		code = number(cli, "port-base", DEMO_PORT_BASE_MAX, &s->port_base);
	if (code != EXIT_GOOD)
		return code;
	if (s->demo && cli_has(cli, "config"))
		return cli_usage(cli, "a demonstration takes no configuration file");
	if (!s->demo && (cli_has(cli, "empty") || cli_has(cli, "port-base")))
		return cli_usage(cli, "--empty and --port-base go with --demo");
	return EXIT_GOOD;
}

/* A path as typed, from the root. */
static const char *absolute(const struct cli *cli, const char *path)
{
	char here[4096];

	if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
		return path;
	if (slice_starts(slice_str(path), S("./")))
		path += 2;
	return arena_printf(cli->arena, "%s/%s", here, path);
}

static int show_errors(const struct cli *cli, const struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->count && i < CONF_ERRORS_MAX; i++)
		(void)cli_error(cli, EXIT_FINDINGS, errors->list[i].where, errors->list[i].why,
		                conf_error_fix(&errors->list[i]));
	if (errors->count > CONF_ERRORS_MAX)
		(void)cli_error(cli, EXIT_FINDINGS, NULL, "further errors are not shown",
		                "mend those above first");
	return EXIT_FINDINGS;
}

static int load(struct serve *s)
{
	const struct cli *cli = s->cli;
	struct conf_errors errors = { .arena = cli->arena };
	const char *state = s->demo && cli->state == NULL ? DEMO_STATE : cli->state;

	s->sources.environment = environ;
	s->sources.flags = s->flags;
	if (s->demo)
		s->sources.preset = demo_preset(&s->sources.preset_count);
	else if (cli_has(cli, "config"))
		s->sources.file = cli_get(cli, "config");
	else if (!cli_has(cli, "print-config") || access(CONFIG_FILE, F_OK) == 0)
		s->sources.file = CONFIG_FILE; /* before there is one the defaults can be printed */
	if (state != NULL)
		add_flag(s, "server.state", absolute(cli, state), "--state");
	if (conf_load(&s->sources, &s->conf, &errors) != OK)
		return show_errors(cli, &errors);
	return EXIT_GOOD;
}

static int print(const struct serve *s)
{
	struct buf out;

	buf_init(&out, CONF_FILE_MAX);
	conf_print(s->conf, &out);
	(void)fwrite(out.p, 1, out.len, s->cli->out); /* checked at the end of main */
	buf_fini(&out);
	return EXIT_GOOD;
}

static int prepare_state(struct serve *s)
{
	struct state_fault f;

	if (privilege_plan(s->conf->server.user, &s->privilege) != OK)
		return cli_error(s->cli, EXIT_FINDINGS, s->conf->server.user,
		                 "there is no such user", "make it, or change [server] user");
	(void)umask(077); /* cannot fail */
	if (!state_prepare(s->conf->server.state, s->demo, &s->privilege, s->cli->arena, &s->lock,
	                   &f))
		return cli_error(s->cli, f.code, f.what, f.why, f.fix);
	return EXIT_GOOD;
}

static int no_sockets(const struct serve *s)
{
	return cli_error(s->cli, EXIT_UNKNOWN, NULL, "the system gives no more sockets",
	                 "raise the limit of open files (ulimit -n, LimitNOFILE= of the unit)");
}

static bool blame_path(const struct serve *s, const struct socket_fault *f,
                       struct socket_path_fault *out)
{
	struct address at;

	return address_parse(slice_str(f->address), &at) == OK && at.any.ss_family == AF_UNIX &&
	       !socket_path_good(&at, s->privilege.uid, s->cli->arena, out);
}

static int socket_error(const struct serve *s, const struct socket_fault *f)
{
	struct arena *a = s->cli->arena;
	struct socket_path_fault path;

	if (f->err == ERR_LIMIT)
		return no_sockets(s);
	if (blame_path(s, f, &path))
		return cli_error(s->cli, EXIT_FINDINGS, f->address, path.why, path.fix);
	if (f->control)
		return cli_error(s->cli, EXIT_FINDINGS, f->address,
		                 "cannot be made: commands do not reach the service",
		                 "make the folder writable, and see that the disk is not full");

	if (f->err == ERR_CONFLICT)
		return cli_error(s->cli, EXIT_CONFLICT, f->address,
		                 arena_printf(a, "taken by %s",
		                              f->owner == NULL ? "another process" : f->owner),
		                 s->demo ? "stop that, or choose another --port-base"
		                         : "stop that, or change [listen]");
	if (f->err == ERR_DENIED)
		return cli_error(s->cli, EXIT_DENIED, f->address, "may not be listened on",
		                 "start as root or by systemd, or use a port above 1023");
	return cli_error(s->cli, EXIT_FINDINGS, f->address,
	                 "is not an address of this machine, or cannot be used", "change [listen]");
}

/* A demonstration moves away from taken ports, unless they were named. */
static int demo_ports(struct serve *s)
{
	struct socket_fault f = { 0 };
	struct demo_ports ports;
	int code = demo_find_ports(s->cli, s->conf, (unsigned)s->port_base, &ports, &f);

	if (code != EXIT_GOOD)
		return f.address == NULL ? code : socket_error(s, &f);
	for (size_t i = 0; i < ports.count; i++) {
		struct conf_errors errors = { .arena = s->cli->arena };

		add_flag(s, ports.moved[i].key, ports.moved[i].value, ports.moved[i].from);
		if (conf_set(s->conf, &ports.moved[i], &errors) != OK)
			return show_errors(s->cli, &errors);
	}
	return EXIT_GOOD;
}

static const char *key_path(const struct serve *s, bool *may_create_out)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char *path;

	*may_create_out = false;
	if (s->conf->server.key_file[0] != '\0')
		return s->conf->server.key_file;
	path = credentials == NULL ? NULL
	                           : arena_printf(s->cli->arena, "%s/master.key", credentials);
	if (path != NULL && access(path, F_OK) == 0)
		return path;
	/* A new key beside old data would only hide that the old key is lost. */
	*may_create_out = !state_has_data(s->conf->server.state, s->cli->arena);
	return conf_path(s->conf, "master.key");
}

/* What lets the service read a file with secrets, and nobody else. */
static const char *closed_fix(const struct serve *s, const char *path)
{
	struct arena *a = s->cli->arena;

	return access(path, R_OK) == 0
	               ? arena_printf(a, "chmod 0400 %s", path)
	               : arena_printf(a, "sudo chown %s %s", folder_user(geteuid(), a), path);
}

static int key_denied(const struct serve *s, const char *path, const char *why)
{
	const char *fix = closed_fix(s, path);

	if (s->conf->server.key_file[0] != '\0' && access(path, R_OK) != 0)
		fix = arena_printf(s->cli->arena,
		                   "under systemd leave [server] key_file unset: the unit passes "
		                   "the key; else: %s",
		                   fix);
	return cli_error(s->cli, EXIT_DENIED, path, why, fix);
}

static int load_keys(struct serve *s)
{
	unsigned char master[KEY_SIZE];
	bool create, created = false;
	const char *path = key_path(s, &create);
	struct diag d = { .why = "cannot be read" };
	enum err e = keys_master(path, create, master, &created, &d);

	if (e == OK)
		keys_derive(master, &s->keys);
	mem_wipe(master, sizeof(master));
	if (e == ERR_DENIED)
		return key_denied(s, path, d.why);
	if (e != OK)
		return cli_error(s->cli, EXIT_FINDINGS, path, d.why,
		                 master_key_remedy(path, s->cli->arena));
	if (created)
		(void)fprintf(s->cli->err,
		              "mxseal: made the master key %s; keep a copy apart from backups\n",
		              path);
	return EXIT_GOOD;
}

static void on_ready(const struct parent_setup *setup, void *arg)
{
	const struct serve *s = arg;

	if (s->demo)
		demo_greet(s->cli, setup->conf);
}

/* A file with secrets that could not be taken, in words. */
static int secret_fault(const struct serve *s, const char *path, const char *setting, enum err e,
                        const struct diag *d)
{
	const char *where = path;

	if (d->line > 0)
		where = arena_printf(s->cli->arena, "%s:%u", path, d->line);
	if (e == ERR_DENIED)
		return cli_error(s->cli, EXIT_DENIED, path, d->why, closed_fix(s, path));
	return cli_error(s->cli, EXIT_FINDINGS, where, d->why,
	                 arena_printf(s->cli->arena, "correct it, or change %s", setting));
}

static int load_transfer_keys(struct serve *s)
{
	const char *path = s->conf->service.transfer_key_file;
	struct diag d = { .why = "cannot be read" };
	int fd = -1;

	if (path[0] == '\0')
		return EXIT_GOOD;
	enum err e = transfer_keys_load(path, &fd, &d);
	if (e != OK)
		return secret_fault(s, path, "[service] transfer_key_file", e, &d);
	sockets_add(&s->sockets, fd, ROLE_BIT(ROLE_EDGE) | ROLE_BIT(ROLE_DESK), SOCKETS_ALL,
	            "transfer.keys");
	return EXIT_GOOD;
}

static int load_update_key(struct serve *s)
{
	const char *path = s->conf->dns.tsig_file;
	struct diag d = { .why = "cannot be read" };
	int fd = -1;

	if (path[0] == '\0')
		return EXIT_GOOD;
	enum err e = update_key_load(path, s->conf->dns.tsig_name, &fd, &d);
	if (e != OK)
		return secret_fault(s, path, "[dns] tsig_file", e, &d);
	sockets_add(&s->sockets, fd, ROLE_BIT(ROLE_DESK), SOCKETS_ALL, "update.key");
	return EXIT_GOOD;
}

/* Whether waiting may help: another process ends, an address comes up. */
static bool may_pass(const struct socket_faults *faults)
{
	bool may = false;

	for (size_t i = 0; i < faults->count; i++)
		may = may || faults->list[i].err == ERR_CONFLICT ||
		      faults->list[i].err == ERR_UNAVAILABLE;
	return may;
}

/*
 * Who sets a service up wants to hear of every listener; where policies are served already the rest
 * goes on without one that cannot be had, and all of it is tried again when there is none for them.
 */
static int listen_all(struct serve *s, bool fresh)
{
	struct socket_faults *faults = arena_alloc(s->cli->arena, sizeof(*faults));
	enum err e = sockets_listen(&s->sockets, s->conf, s->edges, s->cli->arena, faults);
	int code = EXIT_GOOD;

	for (size_t i = 0; i < faults->count; i++)
		code = socket_error(s, &faults->list[i]);
	if (fresh)
		return code;
	if (e == OK)
		return EXIT_GOOD;
	return may_pass(faults) ? EXIT_TEMPFAIL : code;
}

static int run_parent(struct serve *s)
{
	struct parent_setup setup = { .conf = s->conf,
		                      .sources = &s->sources,
		                      .keys = &s->keys,
		                      .sockets = &s->sockets,
		                      .edges = s->edges,
		                      .readers = READERS,
		                      .demo = s->demo,
		                      .empty = cli_has(s->cli, "empty"),
		                      .fresh =
		                              !state_has_data(s->conf->server.state, s->cli->arena),
		                      .on_ready = on_ready,
		                      .arg = s };
	int board = -1, code;

	if (board_new(&setup.board, &board) != OK ||
	    sockets_between(&s->sockets, s->edges, READERS, board) != OK)
		return no_sockets(s);
	code = listen_all(s, setup.fresh);
	if (code != EXIT_GOOD)
		return code;
	if (privilege_drop(&s->privilege) != OK)
		return cli_error(s->cli, EXIT_DENIED, s->conf->server.user,
		                 "the privileges of root cannot be given up",
		                 "see that the user exists and that root may change to it here");
	code = parent_run(&setup);
	s->conf = setup.conf;
	board_close(setup.board);
	return code;
}

/* An edge holds thousands of connections; the soft limit is for programs that use select(2). */
static void allow_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= FILES_WANTED)
		return;
	files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &files); /* with fewer it serves fewer at once */
}

/* The manager starts it again at once, which helps against a crash only. */
static void wait_before_end(int code)
{
	if ((code != EXIT_TEMPFAIL && code != EXIT_UNKNOWN) || getenv("NOTIFY_SOCKET") == NULL)
		return;
	notify_send("STATUS=Cannot serve policies; the log says why. Tried again in some seconds");
	(void)sleep(AGAIN_S); /* a signal only shortens it */
}

static int serve(struct serve *s)
{
	const struct rlimit no_core = { 0 };
	int code;

	allow_descriptors();
	sockets_reserve();
	/* Keys are in memory from here on: no core, no debugger, nothing through /proc. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return cli_error(s->cli, EXIT_UNKNOWN, NULL, "the process cannot be protected",
		                 "allow prctl(PR_SET_DUMPABLE) and setrlimit(RLIMIT_CORE) here");
	code = prepare_state(s);
	if (code == EXIT_GOOD && s->demo)
		code = demo_check(s->cli, s->conf);
	if (code == EXIT_GOOD && s->demo)
		code = demo_ports(s);
	if (code == EXIT_GOOD)
		code = load_keys(s);
	if (code == EXIT_GOOD)
		code = load_transfer_keys(s);
	if (code == EXIT_GOOD)
		code = load_update_key(s);
	if (code == EXIT_GOOD && s->demo)
		code = demo_authority(s->cli, s->conf);
	if (code == EXIT_GOOD)
		code = run_parent(s);
	keys_wipe(&s->keys);
	wait_before_end(code);
	return code;
}

static int run(const struct cli *cli)
{
	struct serve *s = arena_alloc(cli->arena, sizeof(*s));
	int code;

	s->cli = cli;
	code = read_options(s);
	if (code == EXIT_GOOD)
		code = load(s);
	if (code != EXIT_GOOD)
		return code;
	if (cli_has(cli, "print-config"))
		code = print(s);
	else if (cli_has(cli, "check-config"))
		(void)fputs("the configuration is good\n",
		            cli->out); /* checked at the end of main */
	else
		code = serve(s);
	conf_free(s->conf);
	return code;
}

const struct command cmd_serve = {
	.name = "serve",
	.summary = "run the service",
	.examples = "mxseal serve --demo\n"
	            "mxseal serve --config /etc/mxseal/mxseal.conf --check-config\n"
	            "mxseal serve --config /etc/mxseal/mxseal.conf\n",
	.details =
	        "Settings come from options, then from the environment (MXSEAL_SECTION__KEY, or\n"
	        "MXSEAL_SECTION__KEY_FILE for a file that holds the value), then from the file;\n"
	        "see mxseal.conf(5).  SIGHUP reads the configuration again and keeps the old one\n"
	        "when the new one has an error; SIGTERM ends after open work.\n",
	.group = GROUP_RUN,
	.common = COMMON_STATE,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};
