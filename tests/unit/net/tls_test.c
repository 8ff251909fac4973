/* Identities and their chains; whole handshakes are in tests/unit/service/edge_test.c. */
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "test.h"

struct pair {
	struct buf leaf, key;
};

static void pair_init(struct pair *p, bool rsa)
{
	EVP_PKEY *pkey = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL;
	int len;

	assert_non_null(pkey);
	buf_init(&p->leaf, 8192);
	buf_init(&p->key, 8192);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	(void)X509_set_pubkey(x, pkey);
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	len = i2d_X509(x, &der);
	buf_add(&p->leaf, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PrivateKey(pkey, &der);
	buf_add(&p->key, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

static void pair_fini(struct pair *p)
{
	buf_fini(&p->leaf);
	buf_fini(&p->key);
}

static struct tls_material material(const struct pair *p, enum tls_key_type type)
{
	return (struct tls_material){ .leaf = buf_slice(&p->leaf),
		                      .key_type = type,
		                      .key = buf_slice(&p->key) };
}

TEST(identities)
{
	struct tls_chains *chains = tls_chains_new();
	struct pair ec, other, rsa;

	pair_init(&ec, false);
	pair_init(&other, false);
	pair_init(&rsa, true);

	struct tls_material wrong_key = material(&ec, TLS_KEY_EC);
	wrong_key.key = buf_slice(&other.key);
	struct tls_material cut_leaf = material(&ec, TLS_KEY_EC);
	cut_leaf.leaf.len--;
	struct tls_material cut_key = material(&ec, TLS_KEY_EC);
	cut_key.key.len--;
	struct tls_material bad_chain = material(&ec, TLS_KEY_EC);
	bad_chain.chain[bad_chain.chain_count++] = S("no certificate");
	struct tls_material long_chain = material(&ec, TLS_KEY_EC);
	long_chain.chain_count = TLS_CHAIN_MAX + 1;
	struct tls_material full_chain = material(&ec, TLS_KEY_EC);
	for (size_t i = 0; i < TLS_CHAIN_MAX; i++)
		full_chain.chain[full_chain.chain_count++] = buf_slice(&other.leaf);

	const struct {
		const char *label;
		struct tls_material m;
		enum err want;
	} rows[] = {
		{ "STS-59: P-256", material(&ec, TLS_KEY_EC), OK },
		{ "STS-59: RSA", material(&rsa, TLS_KEY_RSA), OK },
		{ "longest chain", full_chain, OK },
		{ "one certificate more", long_chain, ERR_LIMIT },
		{ "key of somebody else", wrong_key, ERR_CRYPTO },
		{ "key of another type", material(&rsa, TLS_KEY_EC), ERR_SYNTAX },
		{ "certificate cut off", cut_leaf, ERR_SYNTAX },
		{ "key cut off", cut_key, ERR_SYNTAX },
		{ "junk in the chain", bad_chain, ERR_SYNTAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_identity *id = NULL;

		EXPECT(tls_identity_new(&rows[i].m, chains, &id) == rows[i].want, rows[i].label);
		EXPECT((id != NULL) == (rows[i].want == OK), rows[i].label);
		tls_identity_unref(id);
	}
	EXPECT(tls_chains_count(chains) == 1, "an intermediate is decoded once");
	pair_fini(&ec);
	pair_fini(&other);
	pair_fini(&rsa);
	tls_chains_free(chains);
	tls_chains_free(NULL);
}

/* An identity outlives the table it took its chain from. */
TEST(references)
{
	struct tls_chains *chains = tls_chains_new();
	struct tls_identity *id = NULL;
	struct tls_material m;
	struct pair ec;

	pair_init(&ec, false);
	m = material(&ec, TLS_KEY_EC);
	m.chain[m.chain_count++] = buf_slice(&ec.leaf);
	EXPECT(tls_identity_new(&m, chains, &id) == OK, "made");
	tls_identity_ref(id);
	tls_identity_unref(id);
	tls_chains_free(chains);
	tls_identity_unref(id);
	tls_identity_unref(NULL);
	pair_fini(&ec);
}

TEST_MAIN(UNIT(identities), UNIT(references))
