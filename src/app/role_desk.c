/*
 * The duty of desk: takes connections of the control socket, the dashboard and the admin
 * host, and once a second looks after publications, the watchdog and old sign-ins.
 *
 * While the databases cannot be used it does nothing but say so to whoever asks; the parent ends it
 * when they can.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/alert_command.h"
#include "app/boot.h"
#include "app/desk_acme.h"
#include "app/desk_control.h"
#include "app/desk_feed.h"
#include "app/desk_zone.h"
#include "app/outgoing.h"
#include "app/update_key.h"
#include "net/clock.h"
#include "net/fetch.h"
#include "net/handover.h"
#include "net/resolver.h"
#include "service/alert_watch.h"
#include "service/backup.h"
#include "service/demo_ca.h"
#include "service/fetches.h"
#include "service/outside_look.h"
#include "service/publish.h"
#include "service/publisher.h"
#include "service/push.h"
#include "service/record_watch.h"
#include "service/sealed.h"
#include "store/db.h"
#include "store/edgedb.h"
#include "web/server.h"
#include "web/session.h"

#define ADMINS_MAX 16u
#define BELLS_MAX 256u
#define TICK_MS 1000
#define COUNTS_MS 50 /* records of fetches that come are taken so often, not one by one */
#define HOURLY_MS INT64_C(3600000)

struct duty {
	const struct boot *boot;
	struct desk desk;
	struct dial_rules rules;
	struct server *server;
	struct control control;
	struct desk_acme acme;
	struct desk_zone *zone;
	struct record_watch *records;  /* NULL in a demonstration, where they count as seen */
	struct outside_watch *outside; /* NULL in a demonstration */
	struct publisher *publisher;
	struct publish_cursor published; /* what edges were given since the start */
	struct alert_watch *alerts;
	struct push_conf push;
	struct dns_tsig_key update_key;
	struct feed *feed; /* of a demonstration; NULL: done */
	struct fetch_tally *fetches;
	struct sealed_watch sealed;
	int bells[BELLS_MAX];
	int admins[ADMINS_MAX];
	size_t admin_count;
	int hand, listener, signals;
	int64_t purged_ms;
	char admin_url[ADDRESS_TEXT_SIZE + 8];
	bool stop;
};

static bool open_stores(struct duty *u)
{
	const struct conf *conf = u->boot->conf;
	struct diag diag = { .why = "" };
	enum err e = db_open(conf_path(conf, "mxseal.db"), DB_WRITE, &u->desk.db, &diag);

	if (e == OK)
		e = edgedb_open_writer(conf_path(conf, "edge/edge.db"), &u->desk.edge, &diag);
	if (e != OK)
		log_error("the databases cannot be opened", F("why", diag.why));
	return e == OK;
}

static bool open_resolver(struct duty *u)
{
	const struct conf *conf = u->boot->conf;
	struct resolver_conf rc = { .forward = slice_str(conf->resolver.forward),
		                    .stub = slice_str(conf->resolver.stub),
		                    .trust_anchor = slice_str(conf->resolver.trust_anchor),
		                    .rules = &u->rules };
	struct diag diag = { .why = "" };

	/* A demonstration asks nobody. */
	if (u->boot->demo)
		return true;
	enum err e = outgoing_rules(conf, &u->rules, &diag);
	if (e == OK)
		e = resolver_open(&rc, &u->desk.resolver, &diag);
	if (e != OK)
		log_error("the resolver cannot be used", F("why", diag.why));
	return e == OK;
}

static void fill_tokens(struct duty *u)
{
	const struct conf *c = u->boot->conf;
	struct desk_token *list = arena_calloc(c->arena, CONF_MAILBOXES_MAX, sizeof(*list));

	u->desk.set.tokens = list;
	for (size_t i = 0; i < c->mailbox_count; i++)
		if (c->mailboxes[i].token_command[0] != '\0')
			list[u->desk.set.token_count++] =
			        (struct desk_token){ c->mailboxes[i].name,
				                     c->mailboxes[i].token_command };
}

static void fill_settings(struct duty *u)
{
	const struct conf *c = u->boot->conf;
	struct desk_settings *s = &u->desk.set;
	char text[ADDRESS_TEXT_SIZE];

	*s = (struct desk_settings){
		.demo = u->boot->demo,
		.state_dir = c->server.state,
		.zone = c->service.zone,
		.nameservers = c->service.nameservers,
		.service_host = c->service.host,
		.report_host = c->report.host,
		.addresses = c->service.addresses,
		.ttl = (uint32_t)c->service.ttl,
		.profile = "default",
		.dns_open = c->listen.dns.count > 0,
		.https_open = c->listen.tls.count > 0,
		.behind_open = c->listen.behind.count > 0,
		.smtp_open = c->listen.smtp.count > 0 && c->report.host[0] != '\0',
		.admin_url = "",
		.outside_roots = c->outgoing.ca_file,
		.alert_command = alert_command(c),
		.alert_to = c->alert.to,
		.alert_doubt = alert_doubt(c, alert_command(c)).why,
		.alert_fix = alert_doubt(c, alert_command(c)).fix,
		.ca_file = u->boot->demo ? conf_path(c, DEMO_CA_FILE) : "",
	};
	if (c->listen.tls.count > 0)
		s->https_port = address_port(&c->listen.tls.at[0].any);
	if (c->listen.admin.count > 0) {
		/* An address and a scheme fit. */
		(void)snprintf(u->admin_url, sizeof(u->admin_url), "http://%s",
		               address_format(&c->listen.admin.at[0].any, text));
		s->admin_url = u->admin_url;
	}
	fill_tokens(u);
}

/* How customers' zones are written. */
static void fill_push(struct duty *u)
{
	const struct conf *c = u->boot->conf;

	u->push = (struct push_conf){ .server = c->dns.update_server,
		                      .command = c->dns.update_command };
	if (update_key_take(boot_fd(u->boot, "update.key"), c->dns.tsig_name, &u->update_key))
		u->push.key = &u->update_key;
	u->desk.push = &u->push;
}

/* Where people and programs come in. */
static bool open_doors(struct duty *u)
{
	const struct boot *b = u->boot;

	desk_lock_init(&u->desk);
	u->desk.board = b->board;
	u->desk.rules = &u->rules;
	u->desk.hand_intake = b->fault == STORE_GOOD ? boot_fd(b, "hand.intake") : -1;
	u->admin_count = boot_fd_list(b, "listen.admin.", u->admins, ADMINS_MAX);
	u->hand = boot_fd(b, "hand.desk");
	u->listener = boot_fd(b, "listen.control");
	fill_settings(u);
	u->desk.backup = backup_new(u->desk.set.state_dir);
	if (server_open(&u->desk, &u->server) != OK)
		return false;
	control_init(&u->control, u->server, u->desk.hand_intake);
	return true;
}

static bool open_all(struct duty *u)
{
	const struct boot *b = u->boot;

	u->desk.key_edge_tls = keys_get(&b->keys, KEY_EDGE_TLS);
	u->desk.key_report_tls = keys_get(&b->keys, KEY_REPORT_TLS);
	u->desk.key_check = keys_get(&b->keys, KEY_CHECK);
	u->desk.bells = u->bells;
	u->desk.bell_count = boot_fd_list(b, "bell.", u->bells, BELLS_MAX);
	fill_push(u);
	fetch_setup();
	if (!open_stores(u) || !open_resolver(u))
		return false;
	u->zone = desk_zone_new(b, &u->desk, &u->rules);
	u->fetches = fetch_tally_new(&u->desk, boot_fd(b, "fetches"), b->slot);
	return true;
}

static int signal_descriptor(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these fail for wrong signal numbers only */
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void accept_admin(struct duty *u, int listener)
{
	struct server_peer peer = { .via = SERVER_LOOPBACK };
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && server_add(u->server, fd, &peer, clock_mono_ms()) != OK)
		log_warn("dashboard connection refused", F("why", "too many"));
}

static void take_handed(struct duty *u)
{
	struct server_peer peer = { .via = SERVER_ADMIN };
	struct hand h;
	int fd;

	if (hand_receive(u->hand, &h, &fd) != OK)
		return;
	if (h.duty != HAND_ADMIN)
		(void)close(fd); /* not ours */
	else if (server_add(u->server, fd, &peer, clock_mono_ms()) != OK)
		log_warn("admin connection refused", F("why", "too many"));
}

static void wait_and_take(struct duty *u, int timeout_ms)
{
	struct pollfd p[3 + ADMINS_MAX + DESK_ZONE_POLLS + CONTROL_WAITING_MAX] = {
		{ .fd = u->signals, .events = POLLIN },
		{ .fd = u->hand, .events = POLLIN },
		{ .fd = u->listener, .events = POLLIN },
	};
	size_t n = 3, waiting;

	for (size_t i = 0; i < u->admin_count; i++)
		p[n++] = (struct pollfd){ .fd = u->admins[i], .events = POLLIN };
	n += u->zone == NULL ? 0 : desk_zone_polls(u->zone, &p[n]);
	waiting = control_polls(&u->control, &p[n]);
	if (poll(p, n + waiting, timeout_ms) <= 0)
		return;
	u->stop = p[0].revents != 0;
	control_ready(&u->control, &p[n], waiting, clock_mono_ms());
	if (p[1].revents != 0)
		take_handed(u);
	if (p[2].revents != 0)
		control_accept(&u->control, u->listener, clock_mono_ms());
	for (size_t i = 0; i < u->admin_count; i++)
		if (p[3 + i].revents != 0)
			accept_admin(u, u->admins[i]);
	if (u->zone != NULL)
		desk_zone_ready(u->zone);
}

static void tick(struct duty *u)
{
	int64_t ms = clock_mono_ms(), now = clock_now_s();

	server_tick(u->server, ms);
	control_tick(&u->control, ms);
	backup_tick(u->desk.backup, now);
	publish_settle(&u->desk, now);
	fetch_tally_tick(u->fetches, now);
	sealed_tick(&u->desk, &u->sealed, now);
	desk_zone_tick(u->zone, ms);
	if (u->feed != NULL && feed_done(u->feed)) {
		feed_free(u->feed);
		u->feed = NULL;
	}
	if (ms - u->purged_ms < HOURLY_MS)
		return;
	u->purged_ms = ms;
	session_purge(&u->desk, now);
}

/*
 * What was committed before a restart is known to the edges; what was not is given again.  After
 * some domains the rest is the publisher's: nobody waits for the dashboard of a large service.
 */
static bool catch_up(struct duty *u)
{
	int64_t seq = 0, newest = 0, now = clock_now_s();

	desk_lock(&u->desk);
	enum err e = publish_hosts(&u->desk, now, &seq);
	if (e == OK)
		e = publish_page(&u->desk, &u->published, DB_LIST_MAX, now, &seq);
	if (e == OK)
		e = edgedb_seq(u->desk.edge, &newest);
	desk_unlock(&u->desk);
	if (e != OK) {
		log_error("policies cannot be given to the edges", F("why", err_name(e)));
		return false;
	}
	board_commit(u->desk.board, (uint64_t)newest);
	board_ring(u->desk.bells, u->desk.bell_count);
	return true;
}

static void run(struct duty *u)
{
	int64_t ticked = 0;

	while (!u->stop) {
		int64_t now = clock_mono_ms();
		board_beat(u->boot->board, u->boot->slot, now);
		wait_and_take(u, fetch_tally_read(u->fetches) ? COUNTS_MS : TICK_MS);
		if (clock_mono_ms() - ticked >= TICK_MS) {
			ticked = clock_mono_ms();
			tick(u);
		}
	}
}

/* Without databases: whoever asks is told why. */
static void run_at_fault(struct duty *u)
{
	const struct store_fault_words *w = store_fault_words(u->boot->fault);

	u->desk.fault = w->why;
	u->desk.fault_fix = w->fix;
	while (!u->stop) {
		board_beat(u->boot->board, u->boot->slot, clock_mono_ms());
		wait_and_take(u, TICK_MS);
		server_tick(u->server, clock_mono_ms());
		control_tick(&u->control, clock_mono_ms());
	}
}

static void close_all(struct duty *u)
{
	atomic_store(&u->desk.stopping, true);
	control_fini(&u->control);
	server_close(u->server);
	backup_free(u->desk.backup);
	desk_acme_stop(&u->acme);
	record_watch_free(u->records);
	outside_watch_free(u->outside);
	publisher_free(u->publisher);
	alert_watch_free(u->alerts);
	feed_free(u->feed);
	fetch_tally_free(u->fetches);
	desk_zone_free(u->zone);
	resolver_close(u->desk.resolver);
	mem_wipe(&u->update_key, sizeof(u->update_key));
	edgedb_close(u->desk.edge);
	db_close(u->desk.db);
	if (u->signals >= 0)
		(void)close(u->signals); /* nothing was written */
	desk_lock_fini(&u->desk);        /* all threads have ended */
}

static bool begin(struct duty *u)
{
	const struct boot *b = u->boot;

	if (!open_all(u) || sealed_begin(&u->desk, &u->sealed) != OK || !catch_up(u) ||
	    !desk_acme_start(&u->acme, b, &u->desk, &u->rules) ||
	    publisher_new(&u->desk, &u->published, &u->publisher) != OK)
		return false;
	if (!b->demo) {
		u->records = record_watch_new(&u->desk);
		u->outside = outside_watch_new(&u->desk);
	}
	u->alerts = alert_watch_new(&u->desk);
	if (b->demo && !b->empty)
		u->feed = feed_new(&u->desk, clock_now_s());
	return true;
}

int role_desk(const struct boot *b)
{
	struct duty *u = mem_alloc(sizeof(*u));
	int code = 1;

	u->boot = b;
	u->signals = signal_descriptor();
	if (u->signals >= 0 && open_doors(u)) {
		if (b->fault != STORE_GOOD) {
			run_at_fault(u);
			code = 0;
		} else if (begin(u)) {
			run(u);
			code = 0;
		}
	}
	close_all(u);
	mem_free(u);
	return code;
}
