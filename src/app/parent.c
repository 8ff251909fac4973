#include "app/parent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/command.h"
#include "app/notify.h"
#include "net/clock.h"

#define TICK_MS 250
#define TICK_STARTING_MS 20
#define DRAIN_PHASE_MS 5000
#define DRAIN_MS 10000
#define START_DEATHS_MAX 3u /* of one process, until the others do not wait for it any more */
#define NOT_YET INT64_MAX   /* due when the main database is migrated, or never again */

/* In the order in which they come; an ending intake needs its readers, so these go last. */
enum phase {
	PHASE_STARTING,
	PHASE_SERVING,
	PHASE_DRAIN_EDGES,
	PHASE_DRAIN_REST,
	PHASE_DRAIN_READERS,
	PHASE_OVER,
};

struct parent {
	struct parent_setup *setup;
	enum phase phase;
	int64_t phase_ms; /* when it began */
	int code;
	int signals; /* signalfd */
	unsigned conf_current;
	bool migrated;          /* the main database, which others wait for */
	enum store_fault fault; /* it cannot be used */
	int64_t watchdog_ms, petted_ms, turned_ms;
	size_t count;
	struct process list[BOARD_SLOTS];
};

static void enter(struct parent *p, enum phase next)
{
	p->phase = next;
	p->phase_ms = clock_mono_ms();
}

static bool stopping(const struct parent *p)
{
	return p->phase >= PHASE_DRAIN_EDGES;
}

static void fill_boot(const struct parent *p, enum role role, unsigned index, unsigned slot,
                      struct boot *out)
{
	*out = (struct boot){ .role = role,
		              .slot = slot,
		              .demo = p->setup->demo,
		              .empty = p->setup->empty,
		              .fault = p->fault,
		              .conf = p->setup->conf };
	keys_for_role(p->setup->keys, role, &out->keys);
	sockets_for(p->setup->sockets, role, index, out);
}

static void start(struct parent *p, struct process *c)
{
	struct boot *b = mem_alloc(sizeof(*b));
	int64_t now = clock_mono_ms();

	if (sockets_here(p->setup->sockets, p->setup->conf, c->role) != OK)
		log_error(c->role == ROLE_DESK ? "the control socket cannot be made: commands do "
		                                 "not reach the service"
		                               : "the socket for mails cannot be made: mxseal "
		                                 "ingest does not reach "
		                                 "the service",
		          F("folder", p->setup->conf->server.state),
		          F("fix", "make the folder writable for the service"));
	fill_boot(p, c->role, c->index, c->slot, b);
	if (c->shut)
		sockets_shut(p->setup->sockets, c->index, false);
	c->shut = false;
	if (process_start(b, &c->pid) != OK) {
		log_error("a process cannot be started", F("role", role_name(c->role)));
		c->due_ms = now + RESTART_LAST_MAX_MS;
	} else {
		board_start(p->setup->board, c->slot, c->role, c->pid);
		c->born_ms = now;
		c->told_ms = 0;
		c->ready = false;
		c->conf_seen = p->conf_current;
		log_debug("process started", F("of", role_name(c->role)), FN("index", c->index),
		          FN("pid", c->pid));
	}
	keys_wipe(&b->keys);
	mem_free(b);
}

static void start_due(struct parent *p)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < p->count && !stopping(p); i++)
		if (p->list[i].pid == 0 && p->list[i].due_ms <= now)
			start(p, &p->list[i]);
}

static bool other_edge_lives(const struct parent *p, const struct process *c)
{
	bool lives = false;

	for (size_t i = 0; i < p->count; i++) {
		const struct process *o = &p->list[i];

		lives = lives ||
		        (o != c && o->role == ROLE_EDGE && o->pid != 0 && o->ready && !o->told_ms);
	}
	return lives;
}

static void tell(struct process *c, int signal)
{
	if (c->pid == 0)
		return;
	if (c->told_ms == 0)
		c->told_ms = clock_mono_ms();
	if (kill(c->pid, signal) != 0 && errno != ESRCH)
		log_error("a process cannot be signalled", FN("pid", c->pid));
}

/* The phase in which those with this role end. */
static enum phase drain_phase(enum role role)
{
	if (role == ROLE_EDGE)
		return PHASE_DRAIN_EDGES;
	return role == ROLE_READER ? PHASE_DRAIN_READERS : PHASE_DRAIN_REST;
}

static void end_all(struct parent *p, int signal, enum phase phase)
{
	for (size_t i = 0; i < p->count; i++)
		if (drain_phase(p->list[i].role) == phase)
			tell(&p->list[i], signal);
}

static size_t running(const struct parent *p, enum phase phase)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->list[i].pid != 0 && drain_phase(p->list[i].role) == phase ? 1 : 0;
	return n;
}

static void stop(struct parent *p, int code)
{
	if (stopping(p)) { /* asked twice: no more patience */
		for (enum phase phase = PHASE_DRAIN_EDGES; phase < PHASE_OVER; phase++)
			end_all(p, SIGKILL, phase);
		return;
	}
	p->code = code;
	notify_send("STOPPING=1");
	end_all(p, SIGTERM, PHASE_DRAIN_EDGES);
	enter(p, PHASE_DRAIN_EDGES);
}

static void not_up(struct parent *p, const struct process *c)
{
	if (c->role == ROLE_EDGE || p->setup->fresh) {
		log_error("a duty does not come up", F("role", role_name(c->role)));
		stop(p, EXIT_UNKNOWN);
	} else {
		log_error("a duty does not come up; policies are served without it",
		          F("role", role_name(c->role)));
	}
}

static void plan_restart(struct parent *p, struct process *c, bool asked)
{
	int64_t now = clock_mono_ms();
	struct restart_plan plan = { 0 };

	if (!asked)
		plan = restart_after(&c->restart, c->born_ms, now, c->role == ROLE_EDGE,
		                     !other_edge_lives(p, c));
	c->due_ms = now + plan.wait_ms;
	c->shut = plan.close_listener;
	if (c->shut)
		sockets_shut(p->setup->sockets, c->index, true);
	if (p->phase == PHASE_STARTING && c->restart.deaths == START_DEATHS_MAX)
		not_up(p, c);
}

static void tell_status(const struct parent *p)
{
	char text[512] = "STATUS=Policies are served";

	if (p->fault != STORE_GOOD)
		(void)snprintf(text, sizeof(text), /* constant words fit */
		               "STATUS=Policies are served, nothing else: the database cannot be "
		               "used: %s. mxseal doctor says what to do",
		               store_fault_words(p->fault)->why);
	notify_send(text);
}

/* Who needs the main database begins; desk also without it, and only says why it is not there. */
static void begin_others(struct parent *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct process *c = &p->list[i];

		if (c->role == ROLE_EDGE || c->role == ROLE_MIGRATE ||
		    (!p->migrated && c->role != ROLE_DESK))
			continue;
		if (c->pid != 0)
			tell(c, SIGTERM); /* it knows of another fault */
		else
			c->due_ms = 0;
	}
}

/* The main database is there, or not; it says itself why not. */
static void on_migrated(struct parent *p, struct process *c, enum store_fault fault)
{
	bool news = fault != p->fault || fault == STORE_GOOD;

	p->migrated = fault == STORE_GOOD;
	p->fault = fault;
	if (!p->migrated && p->setup->fresh) {
		stop(p, EXIT_UNKNOWN);
		return;
	}
	if (p->migrated || store_fault_words(fault)->lasting)
		c->due_ms = NOT_YET;
	else
		plan_restart(p, c, false);
	if (news)
		begin_others(p);
	if (news && p->phase == PHASE_SERVING)
		tell_status(p);
}

static void on_end(struct parent *p, struct process *c, int status)
{
	bool asked = c->told_ms != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);

	c->pid = 0;
	board_end(p->setup->board, c->slot);
	if (stopping(p))
		return;
	if (c->role == ROLE_MIGRATE) {
		on_migrated(p, c,
		            WIFEXITED(status) ? store_fault_of_exit(WEXITSTATUS(status))
		                              : STORE_UNKNOWN);
		return;
	}
	if (!asked)
		log_warn("process died", F("of", role_name(c->role)), FN("index", c->index),
		         FN("status", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
		         FN("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
	plan_restart(p, c, asked);
}

static void reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < p->count; i++)
			if (p->list[i].pid == pid)
				on_end(p, &p->list[i], status);
}

/* Settings whose sockets, keys or files are fixed for the parent's life. */
static bool is_fixed(const char *key)
{
	return slice_starts(slice_str(key), S("listen.")) ||
	       strcmp(key, "service.transfer_key_file") == 0 ||
	       slice_starts(slice_str(key), S("dns.tsig_")) ||
	       (slice_starts(slice_str(key), S("server.")) && strcmp(key, "server.log") != 0);
}

/* Counts what changed; a fixed setting keeps its old value until the next start. */
static size_t merge(const struct conf *old, struct conf *new)
{
	struct conf_errors errors = { .arena = new->arena };
	struct conf_setting was, is;
	size_t changed = 0;

	for (size_t i = 0; conf_nth(old, i, &was) || conf_nth(new, i, &is); i++) {
		/* Sections [imap NAME] come and go. */
		if (!conf_nth(old, i, &was) || !conf_nth(new, i, &is) ||
		    strcmp(was.key, is.key) != 0) {
			changed++;
			continue;
		}
		if (strcmp(was.value, is.value) == 0)
			continue;
		if (!is_fixed(is.key)) {
			changed++;
			continue;
		}
		log_warn("a setting takes effect at the next start", F("setting", is.key));
		if (conf_set(new, &was, &errors) != OK)
			log_fatal("a value that was good is not any more");
	}
	return changed;
}

static void reload(struct parent *p)
{
	struct arena *a = arena_new();
	struct conf_errors errors = { .arena = a };
	struct conf *new = NULL;

	notify_send(arena_printf(a, "RELOADING=1\nMONOTONIC_USEC=%lld",
	                         (long long)clock_mono_ms() * 1000));
	if (conf_load(p->setup->sources, &new, &errors) != OK) {
		for (size_t i = 0; i < errors.count && i < CONF_ERRORS_MAX; i++)
			log_error("configuration refused, the old one stays",
			          F("where", errors.list[i].where), F("why", errors.list[i].why),
			          F("fix", conf_error_fix(&errors.list[i])));
	} else if (merge(p->setup->conf, new) == 0) {
		log_info("configuration read, nothing changed");
		conf_free(new);
	} else {
		conf_free(p->setup->conf);
		p->setup->conf = new;
		p->conf_current++;
		log_setup(new->server.log_level, new->server.log_json, "parent");
		log_info("configuration read");
	}
	notify_send("READY=1");
	arena_free(a);
}

/* Brings the new configuration to the children: all at once, but edges one after another. */
static void renew(struct parent *p)
{
	bool edge_away = false;

	for (size_t i = 0; i < p->count; i++)
		edge_away = edge_away || (p->list[i].role == ROLE_EDGE &&
		                          (!p->list[i].ready || p->list[i].told_ms));
	for (size_t i = 0; i < p->count; i++) {
		struct process *c = &p->list[i];

		if (c->pid == 0 || c->told_ms != 0 || c->conf_seen == p->conf_current ||
		    c->role == ROLE_MIGRATE)
			continue;
		if (c->role == ROLE_EDGE && edge_away)
			continue;
		edge_away = edge_away || c->role == ROLE_EDGE;
		tell(c, SIGTERM);
	}
}

/* Whether c has shown life lately; what was asked to end has its drain time. */
static bool is_alive(const struct parent *p, struct process *c, int64_t now)
{
	int64_t beat = board_view(p->setup->board, c->slot).beat_ms;

	if (c->told_ms != 0)
		return now - c->told_ms < DRAIN_MS;
	if (c->role == ROLE_READER || c->role == ROLE_MIGRATE)
		return true; /* intake watches it; it takes as long as it takes */
	return pulse_is_there(&c->pulse, now - (beat == 0 ? c->born_ms : beat),
	                      beat == 0 ? PULSE_BIRTH_MS : PULSE_MS, clock_used_us(c->pid));
}

static void watch(struct parent *p)
{
	int64_t now = clock_mono_ms();
	bool slept = p->turned_ms != 0 && now - p->turned_ms > PULSE_MS / 2;

	p->turned_ms = now;
	if (slept)
		return; /* the machine stood still; everybody gets time to beat */
	for (size_t i = 0; i < p->count; i++) {
		struct process *c = &p->list[i];

		if (c->pid == 0)
			continue;
		c->ready = c->ready || c->role == ROLE_READER ||
		           board_view(p->setup->board, c->slot).beat_ms != 0;
		if (is_alive(p, c, now))
			continue;
		log_error("process does not answer, it is ended", F("of", role_name(c->role)),
		          FN("pid", c->pid));
		(void)kill(c->pid, SIGKILL); /* its end is noticed like any other */
	}
}

/* Whether the service counts as up without c: policies are served while something else is wrong. */
static bool is_dispensable(const struct parent *p, const struct process *c)
{
	if (c->role == ROLE_MIGRATE)
		return p->migrated || p->fault != STORE_GOOD;
	if (c->role == ROLE_EDGE)
		return false;
	return p->fault != STORE_GOOD || c->restart.deaths >= START_DEATHS_MAX;
}

static bool all_ready(const struct parent *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (!p->list[i].ready && !is_dispensable(p, &p->list[i]))
			return false;
	return board_served_everywhere(p->setup->board, board_committed(p->setup->board));
}

static void pet(struct parent *p)
{
	int64_t now = clock_mono_ms();

	if (p->watchdog_ms == 0 || now - p->petted_ms < p->watchdog_ms)
		return;
	p->petted_ms = now;
	notify_send("WATCHDOG=1");
}

/* Asks the next ones to end when the last of these has. */
static void drain(struct parent *p, int64_t spent)
{
	if (running(p, p->phase) == 0) {
		enter(p, p->phase + 1);
		end_all(p, SIGTERM, p->phase);
	} else if (spent > DRAIN_PHASE_MS) {
		end_all(p, SIGKILL, p->phase);
	}
}

/* Moves the phase on when its time has come. */
static void advance(struct parent *p)
{
	if (p->phase == PHASE_STARTING && all_ready(p)) {
		enter(p, PHASE_SERVING);
		notify_send("READY=1");
		tell_status(p);
		log_info("service is ready", FN("edges", p->setup->edges));
		if (p->setup->on_ready != NULL)
			p->setup->on_ready(p->setup, p->setup->arg);
	}
	if (stopping(p))
		drain(p, clock_mono_ms() - p->phase_ms);
}

static void take_signals(struct parent *p)
{
	struct signalfd_siginfo info;

	while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop(p, EXIT_GOOD);
		else if (info.ssi_signo == SIGHUP && !stopping(p))
			reload(p);
	}
	reap(p); /* several ends may share one SIGCHLD */
}

/* Until the next thing that is due; also the pace of the watch over heartbeats. */
static int wait_ms(const struct parent *p)
{
	int64_t now = clock_mono_ms(), wait = TICK_MS;

	if (p->phase != PHASE_SERVING)
		wait = TICK_STARTING_MS;
	for (size_t i = 0; i < p->count && !stopping(p); i++)
		if (p->list[i].pid == 0 && p->list[i].due_ms - now < wait)
			wait = p->list[i].due_ms - now;
	return wait < 0 ? 0 : (int)wait;
}

static void turn(struct parent *p)
{
	struct pollfd fd = { .fd = p->signals, .events = POLLIN };

	if (poll(&fd, 1, wait_ms(p)) > 0)
		take_signals(p);
	start_due(p);
	watch(p);
	if (p->phase == PHASE_SERVING)
		renew(p);
	advance(p);
	pet(p);
}

static enum err catch_signals(int *fd_out)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these fail for wrong signal numbers only */
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return ERR_IO;
	*fd_out = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *fd_out < 0 ? ERR_IO : OK;
}

static void add(struct parent *p, enum role role, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		p->list[p->count] = (struct process){
			.role = role,
			.index = i,
			.slot = (unsigned)p->count,
			.due_ms = role == ROLE_EDGE || role == ROLE_MIGRATE ? 0 : NOT_YET,
		};
		p->count++;
	}
}

/* edge.db; nothing else runs yet, so waiting for it is all there is to do. */
static bool prepare(struct parent *p)
{
	struct boot *b = mem_alloc(sizeof(*b));
	int pid = 0, status = -1;
	bool started;

	fill_boot(p, ROLE_PREPARE, 0, 0, b);
	started = process_start(b, &pid) == OK;
	mem_free(b);
	while (started && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return started && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int parent_run(struct parent_setup *setup)
{
	struct parent *p = mem_alloc(sizeof(*p));
	int code = EXIT_UNKNOWN;

	p->setup = setup;
	p->watchdog_ms = notify_watchdog_ms();
	add(p, ROLE_EDGE, setup->edges);
	add(p, ROLE_MIGRATE, 1);
	add(p, ROLE_DESK, 1);
	add(p, ROLE_INTAKE, 1);
	add(p, ROLE_READER, setup->readers);
	log_setup(setup->conf->server.log_level, setup->conf->server.log_json, "parent");
	/* Edges read an edge.db that cannot be written as it is. */
	if (catch_signals(&p->signals) == OK && (prepare(p) || !setup->fresh)) {
		enter(p, PHASE_STARTING);
		start_due(p);
		while (p->phase != PHASE_OVER)
			turn(p);
		code = p->code;
		(void)close(p->signals); /* nothing more to come */
	}
	keys_wipe(setup->keys);
	mem_free(p);
	return code;
}
