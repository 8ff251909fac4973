/* Which host a certificate is for: subjectAltName only, a star for one label. */
#include "service/certs.h"
#include "test.h"

TEST(covering)
{
	static const struct {
		const char *label;
		struct slice name, host;
		bool want;
	} rows[] = {
		{ "exactly", SLICE_INIT("mta-sts.a.example"), SLICE_INIT("mta-sts.a.example"),
		  true },
		{ "CERT-02: case does not count", SLICE_INIT("MTA-STS.A.example"),
		  SLICE_INIT("mta-sts.a.example"), true },
		{ "CERT-02: a U-label is another name", SLICE_INIT("b\303\274cher.example"),
		  SLICE_INIT("xn--bcher-kva.example"), false },
		{ "CERT-03: a star for one label", SLICE_INIT("*.a.example"),
		  SLICE_INIT("mta-sts.a.example"), true },
		{ "CERT-09: not for two", SLICE_INIT("*.a.example"),
		  SLICE_INIT("mta-sts.mail.a.example"), false },
		{ "CERT-03: not for none", SLICE_INIT("*.a.example"), SLICE_INIT("a.example"),
		  false },
		{ "CERT-03: not for an empty one", SLICE_INIT("*.a.example"),
		  SLICE_INIT(".a.example"), false },
		{ "CERT-03: not a part of a label", SLICE_INIT("m*.a.example"),
		  SLICE_INIT("mta-sts.a.example"), false },
		{ "CERT-03: not twice", SLICE_INIT("*.*.example"), SLICE_INIT("mta-sts.a.example"),
		  false },
		{ "CERT-03: not inside", SLICE_INIT("mta-sts.*.example"),
		  SLICE_INIT("mta-sts.a.example"), false },
		{ "CERT-03: not alone", SLICE_INIT("*"), SLICE_INIT("example"), false },
		{ "CERT-03: not behind xn--", SLICE_INIT("xn--*.example"),
		  SLICE_INIT("xn--bcher-kva.example"), false },
		{ "CERT-04: a NUL ends nothing", SLICE_INIT("mta-sts.a.example\0.evil.example"),
		  SLICE_INIT("mta-sts.a.example"), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(certs_name_covers(rows[i].name, rows[i].host) == rows[i].want,
		       rows[i].label);
}

TEST_MAIN(UNIT(covering))
