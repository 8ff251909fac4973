/* CAA records: the verdict does not depend on their order, and none of them permits. */
#include <assert.h>

#include "wire/caa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slice identities[] = { SLICE_INIT("ca.example") };
	struct caa_asker asker = { 1, identities, S("https://ca.example/1"), S("http-01") };
	struct slice rest = slice_of(data, size), records[8], turned[8];
	size_t count = 0;

	while (count < 8 && slice_next(&rest, '\n', &records[count]))
		count++;
	for (size_t i = 0; i < count; i++)
		turned[i] = records[count - 1 - i];
	enum caa_verdict v = caa_judge(records, count, &asker);
	bool permits = caa_judge(turned, count, &asker) == CAA_PERMITS;
	assert(permits == (v == CAA_PERMITS));
	assert(caa_judge(NULL, 0, &asker) == CAA_PERMITS && caa_words(v)[0] != '\0');
	return 0;
}
