#include "advice/explain.h"

#include "mtasts/finding.h"
#include "mtasts/horizon.h"
#include "test.h"
#include "tlsrpt/faults.h"
#include "tlsrpt/notes.h"
#include "wire/dkim_fault.h"

TEST(found_as_pasted)
{
	static const struct {
		const char *label;
		struct slice in;
		const char *want; /* NULL: unknown */
	} rows[] = {
		{ "RPT-50: starttls-not-supported", SLICE_INIT("starttls-not-supported"),
		  "starttls-not-supported" },
		{ "RPT-51: certificate-host-mismatch", SLICE_INIT("certificate-host-mismatch"),
		  "certificate-host-mismatch" },
		{ "RPT-52: certificate-expired", SLICE_INIT("certificate-expired"),
		  "certificate-expired" },
		{ "RPT-53: certificate-not-trusted", SLICE_INIT("certificate-not-trusted"),
		  "certificate-not-trusted" },
		{ "RPT-54: validation-failure", SLICE_INIT("validation-failure"),
		  "validation-failure" },
		{ "RPT-55: tlsa-invalid", SLICE_INIT("tlsa-invalid"), "tlsa-invalid" },
		{ "RPT-56: dnssec-invalid", SLICE_INIT("dnssec-invalid"), "dnssec-invalid" },
		{ "RPT-57: dane-required", SLICE_INIT("dane-required"), "dane-required" },
		{ "RPT-58: sts-policy-fetch-error", SLICE_INIT("sts-policy-fetch-error"),
		  "sts-policy-fetch-error" },
		{ "RPT-59: sts-policy-invalid", SLICE_INIT("sts-policy-invalid"),
		  "sts-policy-invalid" },
		{ "RPT-60: sts-webpki-invalid", SLICE_INIT("sts-webpki-invalid"),
		  "sts-webpki-invalid" },
		{ "no-policy-found is explained too", SLICE_INIT("no-policy-found"),
		  "no-policy-found" },
		{ "the topic", SLICE_INIT("DANE"), "dane" },

		{ "case and blanks are forgiven", SLICE_INIT("  Certificate Expired "),
		  "certificate-expired" },
		{ "underscores and quotes are forgiven", SLICE_INIT("\"CERTIFICATE_EXPIRED\","),
		  "certificate-expired" },
		{ "Microsoft's word for an MX host", SLICE_INIT("MX_HOSTS_MISMATCH"),
		  "mx-hosts-mismatch" },
		{ "Microsoft's word for anything else", SLICE_INIT("VALIDATION_FAILURE"),
		  "validation-failure" },
		{ "Mail.ru with its number", SLICE_INIT("bad https response code: 404"),
		  "bad-https-response-code" },
		{ "another number", SLICE_INIT("bad https response code: 500"),
		  "bad-https-response-code" },
		{ "a number behind any code", SLICE_INIT("sts-policy-invalid (7)"),
		  "sts-policy-invalid" },
		{ "the code of the articles", SLICE_INIT("X.509-cert-not-trusted"),
		  "certificate-not-trusted" },
		{ "Postfix: handshake", SLICE_INIT("tls-handshake-failure"),
		  "tls-handshake-failure" },
		{ "Postfix: TLSA", SLICE_INIT("all-fingerprints-unusable"),
		  "all-tlsa-records-unusable" },
		{ "Postfix: OpenSSL's sentence with underscores",
		  SLICE_INIT("unable_to_get_local_issuer_certificate"),
		  "unable-to-get-local-issuer-certificate" },
		{ "OpenSSL 3: self-signed", SLICE_INIT("self-signed_certificate"),
		  "self-signed-certificate" },
		{ "OpenSSL 1.1: self signed", SLICE_INIT("self signed certificate"),
		  "self-signed-certificate" },
		{ "self-signed in chain",
		  SLICE_INIT("self-signed certificate in certificate chain"),
		  "self-signed-certificate" },
		{ "not yet valid", SLICE_INIT("certificate_is_not_yet_valid"),
		  "certificate-is-not-yet-valid" },
		{ "purpose", SLICE_INIT("unsuitable_certificate_purpose"),
		  "unsuitable-certificate-purpose" },
		{ "chain too long", SLICE_INIT("certificate_chain_too_long"),
		  "certificate-chain-too-long" },
		{ "X509_V_ERR of its own entry", SLICE_INIT("X509_V_ERR_CERT_HAS_EXPIRED"),
		  "certificate-expired" },
		{ "X509_V_ERR: proxy path", SLICE_INIT("X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"),
		  "x509-verification-failed" },
		{ "mox: alert 40", SLICE_INIT("tls-remote-alert-40-handshake-failure"),
		  "tls-handshake-failure" },
		{ "mox: alert 40 without words", SLICE_INIT("tls-remote-alert-40"),
		  "tls-handshake-failure" },
		{ "mox: alert 70, local", SLICE_INIT("tls-local-alert-70-protocol-version"),
		  "tls-alert-protocol-version" },
		{ "mox: alert 48", SLICE_INIT("tls-remote-alert-48-unknown-ca"),
		  "tls-alert-unknown-ca" },
		{ "mox: alert 112", SLICE_INIT("tls-remote-alert-112-unrecognized-name"),
		  "tls-alert-unrecognized-name" },
		{ "mox: an alert without an entry",
		  SLICE_INIT("tls-remote-alert-80-internal-error"), "tls-alert" },
		{ "a longer number is another alert", SLICE_INIT("tls-remote-alert-401"),
		  "tls-alert" },
		{ "mox: no-system-roots", SLICE_INIT("no-system-roots"), "no-system-roots" },
		{ "mox: name constraints", SLICE_INIT("name-constraint-without-sans"),
		  "ca-not-authorized" },
		{ "mox: cut", SLICE_INIT("connection-closed-during-handshake"),
		  "connection-closed-during-handshake" },
		{ "Go: no such host",
		  SLICE_INIT("Get \"https://mta-sts.a.example/.well-known/mta-sts.txt\": dial tcp: "
		             "lookup mta-sts.a.example on 127.0.0.1:53: no such host"),
		  "policy-host-not-found" },
		{ "Momentum",
		  SLICE_INIT("4.7.5 [internal] SSL certificate subject does not match host"),
		  "certificate-host-mismatch" },

		{ "a status", SLICE_INIT("5.7.5"), "5.7.5" },
		{ "its temporary form", SLICE_INIT("4.7.5"), "5.7.5" },
		{ "MX status", SLICE_INIT("4.4.8"), "5.4.8" },
		{ "given up", SLICE_INIT("5.4.7"), "4.4.7" },
		{ "any security status", SLICE_INIT("5.7.26"), "5.7.x" },
		{ "the class as a word", SLICE_INIT("4.7.x"), "5.7.x" },
		{ "any network status", SLICE_INIT("4.4.1"), "5.4.x" },
		{ "Exchange Online, certificate",
		  SLICE_INIT("550 5.7.5 Remote certificate failed MTA-STS validation. Reason: "
		             "ValidityStatus -> 450 4.7.5"),
		  "5.7.5" },
		{ "Exchange Online, MX",
		  SLICE_INIT("451 4.4.8 MX hosts of 'a.example' failed MTA-STS validation."),
		  "5.4.8" },
		{ "Exchange Online, DANE",
		  SLICE_INIT("550 5.7.323 tlsa-invalid: The domain failed DANE validation."),
		  "5.7.323" },
		{ "Postfix's bounce",
		  SLICE_INIT("<a@b.example>: TLS is required, but was not offered by host "
		             "mx.b.example[192.0.2.1]"),
		  "starttls-not-supported" },
		{ "a bounce of which only the status helps",
		  SLICE_INIT("host mx.b.example[192.0.2.1] said: 550 5.4.8 go away (in reply to "
		             "RCPT TO command)"),
		  "5.4.8" },
		{ "an address is no status", SLICE_INIT("seen at 5.7.5.1 yesterday"), NULL },

		{ "unknown word", SLICE_INIT("flux-capacitor"), NULL },
		{ "empty", SLICE_INIT(""), NULL },
		{ "punctuation only", SLICE_INIT("--- \"'"), NULL },
		{ "control characters", SLICE_INIT("\x1b[31m\x01"), NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct explain_entry *e = explain_find(rows[i].in);
		EXPECT_SLICE(slice_str(e == NULL ? "-" : e->id),
		             slice_str(rows[i].want == NULL ? "-" : rows[i].want), rows[i].label);
	}
}

TEST(failure_rows)
{
	static const struct {
		const char *label;
		struct slice type, reason;
		const char *want;
	} rows[] = {
		{ "the reason says more", SLICE_INIT("validation-failure"),
		  SLICE_INIT("MX_HOSTS_MISMATCH"), "mx-hosts-mismatch" },
		{ "an empty reason", SLICE_INIT("sts-policy-fetch-error"), SLICE_INIT(""),
		  "sts-policy-fetch-error" },
		{ "an unknown reason", SLICE_INIT("certificate-expired"), SLICE_INIT("zzz"),
		  "certificate-expired" },
		{ "a reason that says less", SLICE_INIT("certificate-expired"),
		  SLICE_INIT("VALIDATION_FAILURE"), "certificate-expired" },
		{ "a certificate of the web host is not the MX host's",
		  SLICE_INIT("sts-webpki-invalid"),
		  SLICE_INIT("unable_to_get_local_issuer_certificate"), "sts-webpki-invalid" },
		{ "an unknown type with a known reason", SLICE_INIT("other"),
		  SLICE_INIT("self-signed certificate"), "self-signed-certificate" },
		{ "neither known", SLICE_INIT("other"), SLICE_INIT("zzz"), NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct explain_entry *e = explain_failure(rows[i].type, rows[i].reason);
		EXPECT_SLICE(slice_str(e == NULL ? "-" : e->id),
		             slice_str(rows[i].want == NULL ? "-" : rows[i].want), rows[i].label);
	}
}

TEST(nearest)
{
	static const struct {
		const char *label;
		struct slice in;
		const char *first;
	} rows[] = {
		{ "a slip of the finger", SLICE_INIT("certifcate-expird"), "certificate-expired" },
		{ "one word of it", SLICE_INIT("mismatch"), NULL },
		{ "letters left out", SLICE_INIT("startls-not-suported"),
		  "starttls-not-supported" },
		{ "nothing like it", SLICE_INIT("qqqq"), NULL },
		{ "empty", SLICE_INIT(""), NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct explain_entry *near[EXPLAIN_NEAREST];
		explain_nearest(rows[i].in, near);
		EXPECT(near[0] != near[1] && near[1] != near[2] && near[0] != near[2],
		       rows[i].label);
		if (rows[i].first != NULL)
			EXPECT_SLICE(slice_str(near[0]->id), slice_str(rows[i].first),
			             rows[i].label);
	}
}

/* Laws over every entry: it is found by its own name, and says what a reader needs. */
TEST(catalogue)
{
	for (size_t i = 0; i < explain_count(); i++) {
		const struct explain_entry *e = explain_at(i);
		EXPECT(explain_find(slice_str(e->id)) == e, e->id);
		EXPECT(strlen(e->title) <= 70 && e->title[0] != '\0', e->id);
		EXPECT(e->causes[0] != NULL && e->verify[0] != '\0' && e->see[0] != '\0', e->id);
		for (unsigned p = 0; p < PLATFORM_COUNT; p++)
			EXPECT(e->fix[p] != NULL && e->fix[p][0] != '\0', e->id);
	}
}

/* Every code a reader of reports, policies or records can give has its entry, of the right kind. */
TEST(codes_of_readers)
{
	static const struct {
		const char *code;
		enum explain_kind kind;
	} rows[] = {
#define ROW(name, code, sentence) { code, EXPLAIN_NOTE },
		REPORT_NOTES(ROW)
#undef ROW
#define ROW(name, code, sentence) { code, EXPLAIN_FAULT },
		        REPORT_FAULTS(ROW)
#undef ROW
#define ROW(name, code, sentence) { code, EXPLAIN_SIGNATURE },
		                DKIM_FAULTS(ROW)
#undef ROW
#define ROW(name, code, severity, sentence) { code, EXPLAIN_FINDING },
		                        FINDING_KINDS(ROW)
#undef ROW
#define ROW(name, code, sentence) { code, EXPLAIN_FINDING },
		                                HORIZON_WARNINGS(ROW)
#undef ROW
		/* Why else a message lies in quarantine. */
		{ "reader-died", EXPLAIN_FAULT },
		{ "reader-timeout", EXPLAIN_FAULT },
		{ "reader-answer", EXPLAIN_FAULT },
		{ "to-postmaster", EXPLAIN_FAULT },
		/* What cert import says. */
		{ "no-public-root", EXPLAIN_FINDING },
		{ "wildcard-one-label", EXPLAIN_FINDING },
		{ "cert-unused", EXPLAIN_FINDING },
		{ "only-issuers", EXPLAIN_FINDING },
		{ "no-pem", EXPLAIN_FINDING },
		{ "cert-bundle", EXPLAIN_FINDING },
		{ "cert-no-name", EXPLAIN_FINDING },
		{ "cert-not-yet-valid", EXPLAIN_FINDING },
		{ "cert-too-much", EXPLAIN_FINDING },
		{ "key-missing", EXPLAIN_FINDING },
		{ "key-mismatch", EXPLAIN_FINDING },
		{ "key-encrypted", EXPLAIN_FINDING },
		{ "key-type", EXPLAIN_FINDING },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].code, "none") == 0)
			continue;
		const struct explain_entry *e = explain_find(slice_str(rows[i].code));
		EXPECT(e != NULL && strcmp(e->id, rows[i].code) == 0 && e->kind == rows[i].kind,
		       rows[i].code);
	}
}

/* Customers of Google and Microsoft cannot touch the certificates of their MX hosts. */
TEST(hosted_mail)
{
	static const char *const theirs[] = { "certbot", "ExchangeCertificate", "smtpd_", "openssl",
		                              "Import " };
	static const enum platform hosted[] = { PLATFORM_GW, PLATFORM_M365 };

	for (size_t i = 0; i < explain_count(); i++) {
		const struct explain_entry *e = explain_at(i);
		if (e->family != FAMILY_MX)
			continue;
		for (size_t p = 0; p < ARRAY_LEN(hosted); p++) {
			for (size_t w = 0; w < ARRAY_LEN(theirs); w++)
				EXPECT(strstr(e->fix[hosted[p]], theirs[w]) == NULL, e->id);
		}
	}
}

TEST(platforms)
{
	static const struct {
		const char *label;
		struct slice host;
		bool known;
		enum platform want;
	} rows[] = {
		{ "Google, one name", SLICE_INIT("smtp.google.com"), true, PLATFORM_GW },
		{ "Google, five names", SLICE_INIT("ALT1.ASPMX.L.GOOGLE.COM."), true, PLATFORM_GW },
		{ "Microsoft", SLICE_INIT("a-example.mail.protection.outlook.com"), true,
		  PLATFORM_M365 },
		{ "Microsoft with DANE", SLICE_INIT("a-example.h-v1.mx.microsoft"), true,
		  PLATFORM_M365 },
		{ "anybody", SLICE_INIT("mx1.a.example"), false, PLATFORM_GW },
		{ "empty", SLICE_INIT(""), false, PLATFORM_GW },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum platform p = PLATFORM_GW;
		EXPECT(platform_of_mx(rows[i].host, &p) == rows[i].known && p == rows[i].want,
		       rows[i].label);
	}
}

TEST_MAIN(UNIT(found_as_pasted), UNIT(failure_rows), UNIT(nearest), UNIT(catalogue),
          UNIT(codes_of_readers), UNIT(hosted_mail), UNIT(platforms))
