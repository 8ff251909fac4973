/* Following edge.db: what is new comes in by sequence number, and is shown on the board. */
#include "base/enc.h"
#include "base/log.h"
#include "net/clock.h"
#include "service/edge_internal.h"

/* Without a word from the board edge.db is asked by itself: its writer may have died in between. */
#define ASK_MS 1000

static void say_trouble(struct edge *e, enum err why)
{
	if (!e->failing)
		log_error("edge.db cannot be read; serving goes on from memory",
		          F("reason", err_name(why)),
		          F("detail", e->db == NULL ? "not open" : edgedb_why(e->db)));
	e->failing = true;
}

static void say_better(struct edge *e)
{
	if (e->failing)
		log_info("edge.db is read again");
	e->failing = false;
}

void edge_feed_open(struct edge *e)
{
	struct diag d = { .why = NULL };
	enum err result;

	if (e->db != NULL)
		return;
	result = edgedb_open_reader(e->o.edgedb_path, &e->db, &d);
	if (result != OK)
		say_trouble(e, result);
}

static void warm(struct edge *e, struct slice name)
{
	const struct edge_site *site = edge_index_find(e->index, name);

	if (site != NULL && site->has_cert)
		edge_warm_add(e->warm, site->fingerprint);
}

static void on_host(void *ctx, const struct edge_host *row)
{
	struct edge *e = ctx;

	if (edge_index_apply(e->index, row) != OK)
		log_error("a row of edge.db makes no sense", FS("host", row->name));
	else
		warm(e, row->name);
}

static void on_cert(void *ctx, const struct edge_cert *row)
{
	struct edge *e = ctx;
	unsigned char fingerprint[EDGE_FINGERPRINT_SIZE];
	size_t len = 0;

	if (enc_unhex(row->fingerprint, fingerprint, sizeof(fingerprint), &len) == OK &&
	    len == sizeof(fingerprint))
		edge_certs_drop(e->certs, fingerprint);
}

static void on_challenge(void *ctx, const struct edge_challenge *row)
{
	struct edge *e = ctx;

	edge_challenges_apply(e->challenges, row);
}

/* What lies outside the zone belonged to one that was configured before. */
static void on_record(void *ctx, const struct edge_record *row)
{
	struct edge *e = ctx;

	if (e->zone != NULL && zone_apply(e->zone, row) == ERR_SYNTAX)
		log_error("a record of edge.db makes no sense", FS("name", row->name));
}

static void on_zone(void *ctx, int64_t seq)
{
	struct edge *e = ctx;

	if (e->zone != NULL)
		zone_set_serial(e->zone, seq);
}

/* Everything anew: the file is older than what was read from it, so it is another one. */
static void forget(struct edge *e)
{
	log_warn("edge.db went back; reading all of it again", FN("had", e->applied));
	edge_index_free(e->index);
	e->index = edge_index_new();
	edge_challenges_free(e->challenges);
	e->challenges = edge_challenges_new();
	if (e->zone != NULL) {
		struct dns_name origin;

		dns_name_lower(zone_origin(e->zone), &origin);
		zone_free(e->zone);
		e->zone = zone_new(&origin);
	}
	e->applied = 0;
}

static enum err apply(struct edge *e)
{
	/* Certificates are read when they are used: at first there is none to forget. */
	struct edgedb_visit visit = { .host = on_host,
		                      .cert = e->applied == 0 ? NULL : on_cert,
		                      .challenge = on_challenge,
		                      .record = on_record,
		                      .zone = on_zone,
		                      .ctx = e };
	int64_t seq = 0;
	enum err result = edgedb_seq(e->db, &seq);

	if (result != OK || seq == e->applied)
		return result;
	if (seq < e->applied)
		forget(e);
	result = edgedb_changes(e->db, e->applied, &visit, &seq);
	if (result != OK)
		return result;
	e->applied = seq;
	edge_certs_names(e->certs, edge_index_count(e->index));
	loop_timer_set(&e->warming, EDGE_WARM_MS);
	log_debug("changes applied", FN("seq", seq));
	return OK;
}

static bool is_due(struct edge *e)
{
	int64_t now_ms = clock_mono_ms();

	if (e->o.board != NULL && !e->failing &&
	    (int64_t)board_committed(e->o.board) <= e->applied && now_ms - e->asked_ms < ASK_MS)
		return false;
	e->asked_ms = now_ms;
	return true;
}

void edge_feed_look(struct edge *e)
{
	enum err result;

	if (!is_due(e))
		return;
	edge_feed_open(e);
	if (e->db == NULL)
		return;
	result = apply(e);
	if (result != OK) {
		say_trouble(e, result);
		return;
	}
	say_better(e);
	if (e->o.board != NULL)
		board_applied(e->o.board, e->o.slot, (uint64_t)e->applied);
}
