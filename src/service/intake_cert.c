#include "service/intake_cert.h"

#include "base/enc.h"
#include "base/log.h"
#include "net/tls.h"
#include "service/edge_certs.h"

#define CERTS_MAX 4u /* the present one, and one that connections from before still use */

struct intake_cert {
	const char *path, *host;
	struct board *board;
	struct tls_server *tls;
	struct edge_certs *certs;
	struct edgedb *db; /* NULL: not open */
	bool known;        /* fingerprint is set */
	bool failing;      /* and that was said */
	unsigned char fingerprint[SHA256_SIZE];
	uint64_t seen; /* the change that was looked at; 0: none */
};

static enum tls_choice choose(void *arg, void *connection, const char *name,
                              struct tls_identity **id_out)
{
	struct intake_cert *c = arg;

	(void)connection;
	(void)name;
	return c->known && edge_certs_get(c->certs, c->db, c->fingerprint, id_out) == OK
	               ? TLS_TAKE
	               : TLS_REFUSE_FAILED;
}

struct intake_cert *intake_cert_new(const char *edgedb_path, const char *host,
                                    const unsigned char *report_key, struct board *board)
{
	struct intake_cert *c = mem_alloc(sizeof(*c));

	*c = (struct intake_cert){ .path = edgedb_path, .host = host, .board = board };
	c->tls = tls_server_new_mail(choose, c);
	c->certs = edge_certs_new(CERTS_MAX, NULL, report_key);
	return c;
}

void intake_cert_free(struct intake_cert *c)
{
	if (c == NULL)
		return;
	tls_server_free(c->tls);
	edge_certs_free(c->certs);
	edgedb_close(c->db);
	mem_free(c);
}

static enum err open_db(struct intake_cert *c)
{
	return c->db != NULL ? OK : edgedb_open_reader(c->path, &c->db, NULL);
}

/* The fingerprint of the host's present certificate; a host without one has none. */
static enum err look(struct intake_cert *c)
{
	struct arena *a = arena_new();
	struct edge_host h = { .gone = false };
	size_t len = 0;
	enum err e = edgedb_host(c->db, slice_str(c->host), a, &h);

	if (e == OK)
		c->known = h.kind == EDGE_REPORT &&
		           enc_unhex(h.fingerprint, c->fingerprint, SHA256_SIZE, &len) == OK &&
		           len == SHA256_SIZE;
	else if (e == ERR_NOTFOUND)
		c->known = false;
	arena_free(a);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Follows the changes that desk has committed; what is known stays while edge.db does not answer.
 */
static void follow(struct intake_cert *c)
{
	uint64_t seq = c->board != NULL ? board_committed(c->board) : 0;
	enum err e;

	if (c->seen != 0 && c->seen == seq)
		return;
	e = open_db(c);
	if (e == OK)
		e = look(c);
	if (e == OK)
		c->seen = seq;
	else if (!c->failing)
		log_warn("the certificate for STARTTLS cannot be looked up",
		         F("reason", err_name(e)));
	c->failing = e != OK;
}

bool intake_cert_ready(struct intake_cert *c)
{
	struct tls_identity *id;

	follow(c);
	return c->known && edge_certs_get(c->certs, c->db, c->fingerprint, &id) == OK;
}

void intake_cert_accept(struct intake_cert *c, struct stream *s)
{
	tls_accept(c->tls, s, NULL);
}
