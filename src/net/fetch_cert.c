/* The certificate that a server showed. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

#include "net/fetch_internal.h"

static const struct slice pem_field = SLICE_INIT("Cert:");

/* The first certificate is the server's own; NULL: libcurl has none. */
static X509 *shown(CURL *c)
{
	struct curl_certinfo *info = NULL;
	X509 *x = NULL;

	if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
	    info->num_of_certs < 1)
		return NULL;
	for (const struct curl_slist *l = info->certinfo[0]; l != NULL && x == NULL; l = l->next) {
		struct slice text = slice_str(l->data);

		if (!slice_starts(text, pem_field))
			continue;
		text = slice_skip(text, pem_field.len);
		BIO *bio = BIO_new_mem_buf(text.p, (int)text.len);
		x = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	return x;
}

static void note_issuer(const X509 *x, struct fetch_answer *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;

	if (bio != NULL &&
	    X509_NAME_print_ex(bio, X509_get_issuer_name(x), 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_get_mem_data(bio, &text);
	if (len >= (long)sizeof(out->issuer))
		len = (long)sizeof(out->issuer) - 1;
	if (len > 0)
		memcpy(out->issuer, text, (size_t)len);
	out->issuer[len > 0 ? len : 0] = '\0';
	BIO_free(bio);
}

void fetch_note_cert(CURL *c, struct fetch_answer *out)
{
	struct tm tm = { 0 };
	X509 *x = shown(c);

	if (x == NULL)
		return;
	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1)
		out->not_after = (int64_t)timegm(&tm);
	note_issuer(x, out);
	X509_free(x);
}
