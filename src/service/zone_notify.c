#include "service/zone_notify.h"

#include <netinet/in.h>
#include <sodium.h>
#include <unistd.h>

#include "base/log.h"
#include "net/address.h"
#include "service/board.h"
#include "store/edgedb.h"

#define DNS_PORT 53
#define OPCODE_SHIFT 11
#define FIRST_WAIT_MS 1000
#define WAIT_MAX_MS 60000
#define TRIES_MAX 12
#define MESSAGE_MAX 1024u

struct secondary {
	struct dial_addr at;
	int64_t heard;  /* the change it has answered for */
	int64_t told;   /* the change it is being told of */
	int64_t due_ms; /* of the next try */
	int64_t wait_ms;
	unsigned tries;
	uint16_t id;
	bool is_signed;
	struct dns_tsig tsig;
};

struct zone_notify {
	struct desk *d;
	struct zone_notify_options o;
	struct dns_name zone;
	int fds[ZONE_NOTIFY_FDS]; /* IPv4, IPv6; -1: none needed */
	size_t count;
	struct secondary list[DNS_SECONDARIES_MAX];
};

static size_t family_index(const struct dial_addr *a)
{
	return a->u.sa.sa_family == AF_INET6 ? 1 : 0;
}

/* Bound to our own server's address where it has one of that family, at any port. */
static int open_socket(const struct sockaddr_storage *from, size_t family)
{
	static const int families[ZONE_NOTIFY_FDS] = { AF_INET, AF_INET6 };
	struct address at = { .any = *from, .len = sizeof(struct sockaddr_in6) };
	int fd = socket(families[family], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || from->ss_family != families[family])
		return fd;
	if (from->ss_family == AF_INET)
		at.len = sizeof(struct sockaddr_in);
	address_set_port(&at, 0);
	if (bind(fd, (const struct sockaddr *)&at.any, at.len) != 0)
		log_warn("notifications leave from another address than answers do");
	return fd;
}

static void add(struct zone_notify *n, struct slice word)
{
	struct secondary *s = &n->list[n->count];
	struct diag diag = { .why = "" };
	char text[DIAL_TEXT_SIZE];
	size_t family;

	if (n->count == DNS_SECONDARIES_MAX || dial_addr_parse(word, DNS_PORT, &s->at) != OK)
		return;
	if (dial_check(n->o.rules, &s->at, &diag) != OK) {
		log_warn("a secondary is not notified: see [outgoing] allow",
		         F("secondary", dial_addr_format(&s->at, true, text)), F("why", diag.why));
		return;
	}
	family = family_index(&s->at);
	if (n->fds[family] < 0)
		n->fds[family] = open_socket(&n->o.from[family], family);
	n->count++;
}

struct zone_notify *zone_notify_new(struct desk *d, const struct zone_notify_options *o)
{
	struct slice rest = slice_str(o->secondaries), word;
	struct zone_notify *n;

	if (rest.len == 0 || d->set.zone[0] == '\0' || d->set.demo)
		return NULL;
	n = mem_alloc(sizeof(*n));
	n->d = d;
	n->o = *o;
	n->fds[0] = n->fds[1] = -1;
	/* A name that the configuration took fits. */
	if (dns_name_from_text(slice_str(d->set.zone), &n->zone) == OK)
		while (slice_next(&rest, ' ', &word))
			if (word.len > 0)
				add(n, word);
	return n;
}

void zone_notify_free(struct zone_notify *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < ZONE_NOTIFY_FDS; i++)
		if (n->fds[i] >= 0)
			(void)close(n->fds[i]); /* nothing to lose */
	mem_free(n);
}

size_t zone_notify_fds(const struct zone_notify *n, int out[ZONE_NOTIFY_FDS])
{
	size_t count = 0;

	for (size_t i = 0; n != NULL && i < ZONE_NOTIFY_FDS; i++)
		if (n->fds[i] >= 0)
			out[count++] = n->fds[i];
	return count;
}

/* RFC 1996, 3.7: the question is the zone's SOA record; AA is set. */
static size_t format(struct zone_notify *n, struct secondary *s, unsigned char out[MESSAGE_MAX])
{
	unsigned flags = DNS_OP_NOTIFY << OPCODE_SHIFT | DNS_FLAG_AA;
	const struct dns_peers *peers = n->o.peers;
	struct dns_writer w;
	size_t len;

	randombytes_buf(&s->id, sizeof(s->id));
	dns_write_begin(&w, out, MESSAGE_MAX, s->id, flags);
	dns_write_question(&w, dns_name_slice(&n->zone), DNS_SOA, DNS_CLASS_IN);
	len = dns_write_end(&w, flags).len;
	s->is_signed = peers->key_count > 0;
	if (!s->is_signed)
		return len;
	dns_tsig_begin(&peers->keys[0], s->id, &s->tsig);
	return dns_tsig_sign(&s->tsig, out, len, MESSAGE_MAX, n->o.now_s(), &len) == OK ? len : 0;
}

static void tell(struct zone_notify *n, struct secondary *s, int64_t now_ms)
{
	int fd = n->fds[family_index(&s->at)];
	unsigned char message[MESSAGE_MAX];
	char text[DIAL_TEXT_SIZE];
	size_t len = format(n, s, message);

	if (s->tries++ == TRIES_MAX) {
		log_warn("a secondary does not answer notifications",
		         F("secondary", dial_addr_format(&s->at, true, text)));
		s->due_ms = INT64_MAX;
		return;
	}
	if (sendto(fd, message, len, MSG_DONTWAIT, &s->at.u.sa, s->at.len) < 0)
		log_debug("a notification cannot be sent now",
		          F("secondary", dial_addr_format(&s->at, true, text)));
	s->due_ms = now_ms + s->wait_ms;
	s->wait_ms = s->wait_ms * 2 < WAIT_MAX_MS ? s->wait_ms * 2 : WAIT_MAX_MS;
}

void zone_notify_tick(struct zone_notify *n, int64_t now_ms)
{
	int64_t seq = 0;

	if (n == NULL)
		return;
	desk_lock(n->d);
	enum err e = edgedb_zone_seq(n->d->edge, &seq);
	desk_unlock(n->d);
	if (e != OK || !board_served_everywhere(n->d->board, (uint64_t)seq))
		return;
	for (size_t i = 0; i < n->count; i++) {
		struct secondary *s = &n->list[i];

		if (s->told != seq) {
			s->told = seq;
			s->tries = 0;
			s->wait_ms = FIRST_WAIT_MS;
			s->due_ms = now_ms;
		}
		if (s->heard != seq && now_ms >= s->due_ms)
			tell(n, s, now_ms);
	}
}

static bool same_peer(const struct dial_addr *a, const struct dial_addr *b)
{
	if (a->u.sa.sa_family != b->u.sa.sa_family)
		return false;
	if (a->u.sa.sa_family == AF_INET)
		return a->u.v4.sin_addr.s_addr == b->u.v4.sin_addr.s_addr &&
		       a->u.v4.sin_port == b->u.v4.sin_port;
	return memcmp(&a->u.v6.sin6_addr, &b->u.v6.sin6_addr, sizeof(a->u.v6.sin6_addr)) == 0 &&
	       a->u.v6.sin6_port == b->u.v6.sin6_port;
}

/* RFC 8945, 5.3: an answer that is not signed as it should be is passed over. */
static bool is_answer(const struct zone_notify *n, struct secondary *s, struct slice m)
{
	unsigned flags;

	if (m.len < DNS_HEADER_SIZE || dns_get16(m.p) != s->id)
		return false;
	flags = dns_get16(m.p + 2);
	if ((flags & DNS_FLAG_QR) == 0 || (flags >> OPCODE_SHIFT & 0xfu) != DNS_OP_NOTIFY)
		return false;
	return !s->is_signed || dns_tsig_check_answer(m, &s->tsig, n->o.now_s()) == OK;
}

static void take(struct zone_notify *n, const struct dial_addr *peer, struct slice m)
{
	char text[DIAL_TEXT_SIZE];

	for (size_t i = 0; i < n->count; i++) {
		struct secondary *s = &n->list[i];

		if (s->heard == s->told || !same_peer(&s->at, peer) || !is_answer(n, s, m))
			continue;
		(void)dial_addr_format(&s->at, true, text);
		if ((dns_get16(m.p + 2) & 0xfu) != DNS_NOERROR) {
			log_warn("a secondary refuses a notification", F("secondary", text),
			         FN("rcode", dns_get16(m.p + 2) & 0xfu));
			continue;
		}
		log_debug("a secondary was notified", F("secondary", text), FN("serial", s->told));
		s->heard = s->told;
	}
}

void zone_notify_read(struct zone_notify *n)
{
	char bytes[MESSAGE_MAX];

	for (size_t i = 0; i < ZONE_NOTIFY_FDS; i++) {
		struct dial_addr peer = { .len = sizeof(peer.u) };
		ssize_t got;

		while (n->fds[i] >= 0 &&
		       (got = recvfrom(n->fds[i], bytes, sizeof(bytes), MSG_DONTWAIT, &peer.u.sa,
		                       &peer.len)) >= 0) {
			take(n, &peer, slice_of(bytes, (size_t)got));
			peer.len = sizeof(peer.u);
		}
	}
}
