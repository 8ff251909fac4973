#include "service/demo_cert.h"

#include "base/log.h"
#include "service/certs.h"
#include "service/demo_ca.h"

#define PEM_MAX 65536u

static enum err take(struct desk *d, const char *host, struct slice pem, int64_t now,
                     struct arena *a)
{
	struct cert_file file = { "demonstration", pem };
	struct certs_reading r = { 0 };
	bool new;
	enum err e = certs_read(a, &file, 1, now, d->set.ca_file, &r);

	if (e == OK && r.found_count != 1)
		e = ERR_CRYPTO;
	if (e == OK)
		e = certs_take(d, &r.found[0], "demo", &host, 1, now, &new);
	certs_reading_fini(&r);
	return e;
}

enum err demo_cert(struct desk *d, const char *host, int64_t now, struct arena *a, struct cert *out)
{
	struct demo_ca *ca = NULL;
	struct diag diag = { .why = "" };
	struct buf pem;
	enum err e = demo_ca_open(d->set.state_dir, now, &ca, &diag);

	buf_init(&pem, PEM_MAX);
	if (e == OK)
		e = demo_ca_issue(ca, slice_str(host), now, &pem);
	if (e == OK)
		e = take(d, host, buf_slice(&pem), now, a);
	if (pem.p != NULL)
		mem_wipe(pem.p, pem.len);
	buf_fini(&pem);
	demo_ca_close(ca);
	if (e != OK) {
		log_error("no certificate for a demonstration's host", F("host", host),
		          F("why", err_name(e)));
		return ERR_NOTFOUND;
	}
	return certs_assigned(d->db, TENANT_ONLY, slice_str(host), a, out);
}
