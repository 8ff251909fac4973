/* Intake's SMTP and LMTP connections: the machine of smtpd.h on the loop. */
#include "base/log.h"
#include "base/utc.h"
#include "net/clock.h"
#include "net/listen.h"
#include "net/tls.h"
#include "service/intake_internal.h"
#include "service/smtpd.h"
#include "store/domains.h"

#define CONNS_MAX 512u            /* connections at once; then the oldest idle one goes */
#define CONNS_PEER_MAX 32u        /* of these, for one address (IPv6: one /64) */
#define HELD_PEER_MAX (40u << 20) /* bytes of mails of one address in memory */
#define ACCEPT_TURN 64u           /* taken from one listener before others get their turn */
#define TAG_PREFIX "r-"
#define TAG_MS 1000 /* how long a connection knows that its recipient is one */

struct smtp_conn {
	struct smtp_conn *next;
	struct intake *in;
	uint64_t peer_key; /* 0: a Unix socket */
	struct stream stream;
	struct loop_watch watch;
	struct loop_timer timer;
	struct waiter waiter;
	struct smtpd smtpd;
	struct smtpd_owner owner;
	int64_t began_ms;
	enum smtpd_state seen_state; /* when the deadline was set */
	unsigned seen_commands;
	struct offer *offer;            /* a mail that is read before it is taken; NULL: none */
	char tag[ENVELOPE_TAG_MAX + 1]; /* of the last recipient that was found, and its domain */
	int64_t tag_domain, tag_ms;     /* tag_ms: when it was found */
	struct allowance_place places[ENVELOPE_TAGS_MAX];
	size_t place_count;
	char peer[ADDRESS_TEXT_SIZE];
};

/* Outlives a connection that goes while its mail is read. */
struct offer {
	struct intake *in;
	struct smtp_conn *conn; /* NULL: gone */
};

struct smtp_listener {
	struct intake *in;
	struct loop_watch watch;
	bool lmtp;
};

static void give_places_back(struct smtp_conn *c)
{
	while (c->place_count > 0)
		allowance_give_back(c->in->allowances, &c->places[--c->place_count]);
}

static void conn_close(struct smtp_conn *c)
{
	struct intake *in = c->in;
	struct smtp_conn **at = &in->smtp_conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	in->smtp_count--;
	give_places_back(c);
	if (c->offer != NULL)
		c->offer->conn = NULL;
	waiter_cancel(in, &c->waiter);
	loop_watch_fini(&c->watch);
	loop_timer_fini(&c->timer);
	smtpd_fini(&c->smtpd);
	stream_close(&c->stream);
	mem_free(c);
}

/* The state's own time, within that of the whole connection. */
static void set_deadline(struct smtp_conn *c)
{
	int64_t left = SMTPD_TOTAL_MS - (clock_mono_ms() - c->began_ms);
	int64_t limit = smtpd_deadline_ms(&c->smtpd);

	c->seen_state = c->smtpd.state;
	c->seen_commands = c->smtpd.commands;
	loop_timer_set(&c->timer, left < 0 ? 0 : left < limit ? left : limit);
}

static void conn_step(struct smtp_conn *c)
{
	if (smtpd_step(&c->smtpd) != ERR_AGAIN) {
		conn_close(c);
		return;
	}
	/* While the mail goes to disk the client is silent: its watch stays as it is until it is
	 * not. */
	if (c->smtpd.state != SMTPD_DISK)
		loop_watch_want(&c->watch, smtpd_want(&c->smtpd));
	if (c->smtpd.state != c->seen_state || c->smtpd.commands != c->seen_commands)
		set_deadline(c);
}

static void on_ready(void *arg, unsigned ready)
{
	struct smtp_conn *c = arg;

	(void)ready;
	if (c->smtpd.state == SMTPD_DISK)
		loop_watch_want(&c->watch, 0);
	else
		conn_step(c);
}

static void conn_end(struct smtp_conn *c, enum smtpd_end why)
{
	if (smtpd_end(&c->smtpd, why))
		conn_step(c);
	else
		conn_close(c);
}

/* What was stored by then is stored; a client that heard nothing sends again. */
static void on_deadline(void *arg)
{
	conn_end(arg, SMTPD_END_TIMEOUT);
}

static void on_durable(void *arg, bool durable)
{
	struct smtp_conn *c = arg;

	smtpd_stored(&c->smtpd, durable ? SMTPD_STORED : SMTPD_FAILED);
	conn_step(c);
}

static bool is_ours(const struct intake *in, struct slice domain)
{
	if (domain.len > 0 && domain.p[domain.len - 1] == '.')
		domain.len--;
	return slice_eq_i(domain, slice_str(in->set->host));
}

/* Tags are lower case; hosts on the way may have changed that. */
static bool read_tag(struct slice local, char out[ENVELOPE_TAG_MAX + 1])
{
	size_t n = local.len - (sizeof(TAG_PREFIX) - 1);

	if (!slice_starts_i(local, S(TAG_PREFIX)) || n == 0 || n > ENVELOPE_TAG_MAX)
		return false;
	local = slice_skip(local, sizeof(TAG_PREFIX) - 1);
	for (size_t i = 0; i < n; i++) {
		char ch = local.p[i];

		out[i] = (char)(ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch);
		if (!(out[i] >= 'a' && out[i] <= 'z') && !(out[i] >= '0' && out[i] <= '9'))
			return false;
	}
	out[n] = '\0';
	return true;
}

static enum err find_domain(struct intake *in, const char *tag, int64_t *id_out)
{
	struct arena *a = arena_new();
	struct domain d;
	enum err e = domains_by_tag(in->db, slice_str(tag), clock_now_s(), a, &d);

	if (e == OK)
		*id_out = d.id;
	arena_free(a);
	return e;
}

/* A mail after the other for the same domain: it is looked for once in a while. */
static bool was_found(const struct smtp_conn *c, const char *tag)
{
	return strcmp(tag, c->tag) == 0 && clock_mono_ms() - c->tag_ms < TAG_MS;
}

static enum smtpd_known find_tag(struct smtp_conn *c, struct slice local,
                                 char tag_out[ENVELOPE_TAG_MAX + 1])
{
	enum err e;

	if (!read_tag(local, tag_out))
		return SMTPD_UNKNOWN;
	if (was_found(c, tag_out))
		return SMTPD_KNOWN;
	e = find_domain(c->in, tag_out, &c->tag_domain);
	if (e != OK)
		return e == ERR_NOTFOUND ? SMTPD_UNKNOWN : SMTPD_LATER;
	memcpy(c->tag, tag_out, sizeof(c->tag));
	c->tag_ms = clock_mono_ms();
	return SMTPD_KNOWN;
}

/* By LMTP a mail server delivers: which addresses of other hosts mean us it has decided. */
static enum smtpd_known recipient(void *arg, struct slice local, struct slice domain,
                                  char tag_out[ENVELOPE_TAG_MAX + 1])
{
	struct smtp_conn *c = arg;
	bool ours = is_ours(c->in, domain);

	tag_out[0] = '\0';
	if (slice_eq_i(local, S("postmaster")) && (ours || domain.len == 0))
		return SMTPD_KNOWN;
	if (!ours)
		return c->smtpd.lmtp ? SMTPD_KNOWN : SMTPD_ELSEWHERE;
	return find_tag(c, local, tag_out);
}

/* One address fills the memory for nobody else. */
static bool hold(void *arg, size_t size)
{
	struct smtp_conn *c = arg;
	size_t sum = size;

	for (const struct smtp_conn *o = c->in->smtp_conns; c->peer_key != 0 && o != NULL;
	     o = o->next)
		sum += o->peer_key == c->peer_key ? o->smtpd.body.len : 0;
	return sum <= HELD_PEER_MAX && intake_hold(c->in, c->smtpd.body.len, size);
}

static void release(void *arg, size_t size)
{
	intake_release(((struct smtp_conn *)arg)->in, size);
}

static bool has_tls(void *arg)
{
	struct smtp_conn *c = arg;

	return c->in->cert != NULL && c->peer_key != 0 && intake_cert_ready(c->in->cert);
}

static void start_tls(void *arg, struct stream *io)
{
	intake_cert_accept(((struct smtp_conn *)arg)->in->cert, io);
}

static enum err handshake(void *arg, struct stream *io)
{
	(void)arg;
	return tls_handshake(io);
}

/* One place in the allowance of each domain that the mail came to. */
static enum err take_places(struct smtp_conn *c, const struct envelope *env, size_t size)
{
	int64_t now = clock_now_s(), domain = 0;
	size_t count = env->tag_count > 0 ? env->tag_count : 1;
	char tag[ENVELOPE_TAG_MAX + 1];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		if (env->tag_count > 0 && slice_eq(env->tags[i], slice_str(c->tag))) {
			domain = c->tag_domain; /* found a moment ago */
		} else if (env->tag_count > 0) {
			memcpy(tag, env->tags[i].p, env->tags[i].len);
			tag[env->tags[i].len] = '\0';
			e = find_domain(c->in, tag, &domain);
		}
		if (e == OK)
			e = allowance_take(c->in->allowances, domain, TRUST_UNSIGNED, size, now,
			                   &c->places[i]);
		if (e == OK)
			c->place_count++;
	}
	if (e != OK)
		give_places_back(c);
	return e;
}

static enum err archive(struct smtp_conn *c, struct archive_record *r)
{
	bool again = false;
	enum err e = intake_archive(c->in, r, &c->waiter, &again);

	if (e == OK && !again)
		c->place_count = 0; /* used for good */
	give_places_back(c);
	return e;
}

static void on_offered(void *arg, const struct item *it, enum err e)
{
	struct offer *o = arg;
	struct smtp_conn *c = o->conn;
	bool good = intake_offer_done(o->in, it, e);

	mem_free(o);
	if (c == NULL)
		return;
	c->offer = NULL;
	smtpd_stored(&c->smtpd, good ? SMTPD_STORED : e == OK ? SMTPD_USED_UP : SMTPD_FAILED);
	conn_step(c);
}

/* There is no place for the mail: it must show first whose it is. */
static enum err offer(struct smtp_conn *c, const struct archive_record *r)
{
	struct offer *o = mem_alloc(sizeof(*o));
	enum err e;

	*o = (struct offer){ c->in, c };
	e = intake_offer(c->in, r, on_offered, o);
	if (e == OK)
		c->offer = o;
	else
		mem_free(o);
	return e;
}

static enum err take(struct smtp_conn *c, const struct envelope *env, struct slice bytes)
{
	struct archive_record r = { .way = c->smtpd.lmtp ? ARCHIVE_LMTP : ARCHIVE_SMTP,
		                    .kind = ARCHIVE_MAIL,
		                    .received = clock_now_s(),
		                    .bytes = bytes };
	enum err e = take_places(c, env, bytes.len);
	struct buf line;

	buf_init(&line, ENVELOPE_TEXT_MAX);
	if (e == OK || e == ERR_LIMIT) {
		(void)!envelope_format(env, &line); /* its ceilings are those of the session */
		r.hint = buf_slice(&line);
	}
	/* Who did not hear that a mail was taken sends it again: that is not to go on for days. */
	if (e == ERR_LIMIT && !intake_knows(c->in, bytes))
		e = offer(c, &r);
	else if (e == OK || e == ERR_LIMIT)
		e = archive(c, &r);
	buf_fini(&line);
	return e;
}

/* Once a day: a flood shall not fill the log, too. */
static void tell_used_up(struct intake *in, const struct envelope *env)
{
	int64_t today = utc_day_start(clock_now_s());

	if (in->put_off_day == today)
		return;
	in->put_off_day = today;
	log_warn("mail without a verified signer is put off: a report address has had its day's "
	         "allowance",
	         FS("tag", env->tag_count > 0 ? env->tags[0] : S("")), FS("peer", env->peer));
}

static void store(void *arg, struct smtpd *s, const struct envelope *env, struct slice bytes)
{
	struct smtp_conn *c = arg;
	enum err e = take(c, env, bytes);

	if (e == OK)
		return;
	if (e == ERR_LIMIT) {
		tell_used_up(c->in, env);
		smtpd_stored(s, SMTPD_USED_UP);
		return;
	}
	smtpd_stored(s, e == ERR_UNAVAILABLE ? SMTPD_NO_SPACE : SMTPD_FAILED);
	log_error("a mail cannot be archived", F("reason", err_name(e)));
}

static struct smtp_conn *oldest_idle(const struct intake *in, uint64_t peer_key, bool any)
{
	for (struct smtp_conn *c = in->smtp_conns; c != NULL; c = c->next) {
		if (smtpd_is_idle(&c->smtpd) && (any || c->peer_key == peer_key))
			return c;
	}
	return NULL;
}

static unsigned count_peer(const struct intake *in, uint64_t peer_key)
{
	unsigned n = 0;

	for (const struct smtp_conn *c = in->smtp_conns; c != NULL; c = c->next)
		n += c->peer_key == peer_key;
	return n;
}

/* Whether there is room for one more from this peer; an idle connection may have to go for it. */
static bool make_room(struct intake *in, uint64_t peer_key)
{
	bool crowded = peer_key != 0 && count_peer(in, peer_key) >= CONNS_PEER_MAX;
	struct smtp_conn *c;

	if (!crowded && in->smtp_count < CONNS_MAX)
		return true;
	c = oldest_idle(in, peer_key, !crowded);
	if (c == NULL)
		return false;
	(void)smtpd_end(&c->smtpd, SMTPD_END_CROWDED); /* it is idle */
	(void)!smtpd_step(&c->smtpd);                  /* its reply goes out if it fits */
	conn_close(c);
	return true;
}

static void refuse(int fd)
{
	struct stream s;
	size_t put;

	stream_init_fd(&s, fd);
	(void)!stream_write(&s, S("421 4.7.0 There are too many connections\r\n"),
	                    &put); /* polite */
	stream_close(&s);
}

static void conn_open(struct intake *in, int fd, const struct sockaddr_storage *peer, bool lmtp)
{
	uint64_t key = address_peer_key(peer);
	struct smtp_conn *c, **at = &in->smtp_conns;

	if (!make_room(in, key)) {
		refuse(fd);
		return;
	}
	c = mem_alloc(sizeof(*c));
	c->in = in;
	c->peer_key = key;
	c->began_ms = clock_mono_ms();
	c->waiter = (struct waiter){ .fn = on_durable, .arg = c };
	c->owner = (struct smtpd_owner){ recipient, hold,      release,   store,
		                         has_tls,   start_tls, handshake, c };
	if (key != 0)
		(void)address_format_host(peer, c->peer); /* returns c->peer */
	stream_init_fd(&c->stream, fd);
	smtpd_init(&c->smtpd, &c->stream, &c->owner, in->set->host, slice_str(c->peer), lmtp);
	loop_watch_init(&c->watch, in->loop, fd, on_ready, c);
	loop_timer_init(&c->timer, in->loop, on_deadline, c);
	while (*at != NULL)
		at = &(*at)->next;
	*at = c;
	in->smtp_count++;
	set_deadline(c);
	conn_step(c);
}

static void on_connections(void *arg, unsigned ready)
{
	struct smtp_listener *l = arg;
	struct sockaddr_storage peer;
	int fd = -1;

	(void)ready;
	for (unsigned i = 0; i < ACCEPT_TURN; i++) {
		enum err e = listen_accept(l->watch.fd, &fd, &peer);
		struct smtp_conn *idle = e == ERR_LIMIT ? oldest_idle(l->in, 0, true) : NULL;

		if (e == OK)
			conn_open(l->in, fd, &peer, l->lmtp);
		else if (idle != NULL)
			conn_close(idle);
		else
			return;
	}
}

static void listen_on(struct intake *in, const int *fds, size_t count, bool lmtp)
{
	for (size_t i = 0; i < count; i++) {
		struct smtp_listener *l = &in->smtp_listeners[in->smtp_listener_count++];

		*l = (struct smtp_listener){ .in = in, .lmtp = lmtp };
		loop_watch_init(&l->watch, in->loop, fds[i], on_connections, l);
		loop_watch_want(&l->watch, LOOP_READ);
	}
}

void intake_open_smtp(struct intake *in)
{
	const struct intake_settings *set = in->set;

	in->smtp_listeners =
	        mem_calloc(set->smtp_count + set->lmtp_count, sizeof(*in->smtp_listeners));
	if (set->report_key != NULL && set->report_host[0] != '\0')
		in->cert = intake_cert_new(set->edgedb_path, set->report_host, set->report_key,
		                           set->board);
	listen_on(in, set->smtp, set->smtp_count, false);
	listen_on(in, set->lmtp, set->lmtp_count, true);
}

void intake_end_smtp(struct intake *in)
{
	struct smtp_conn *c, *next;

	for (size_t i = 0; i < in->smtp_listener_count; i++)
		loop_watch_want(&in->smtp_listeners[i].watch, 0);
	for (c = in->smtp_conns; c != NULL; c = next) {
		next = c->next;
		if (smtpd_is_idle(&c->smtpd))
			conn_end(c, SMTPD_END_SHUTDOWN);
	}
}

void intake_close_smtp(struct intake *in)
{
	while (in->smtp_conns != NULL)
		conn_close(in->smtp_conns);
	for (size_t i = 0; i < in->smtp_listener_count; i++)
		loop_watch_fini(&in->smtp_listeners[i].watch);
	mem_free(in->smtp_listeners);
	intake_cert_free(in->cert);
}
