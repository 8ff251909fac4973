#include "tlsrpt/faults.h"

static const struct {
	const char *name, *sentence;
} faults[] = {
#define FAULT_ROW(name, code, sentence) [FAULT_##name] = { code, sentence },
	REPORT_FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

const char *fault_name(enum fault_code code)
{
	return faults[code].name;
}

const char *fault_sentence(enum fault_code code)
{
	return faults[code].sentence;
}

enum err fault_by_name(struct slice name, enum fault_code *out)
{
	for (size_t i = 0; i < FAULT_COUNT; i++) {
		if (slice_eq(name, slice_str(faults[i].name))) {
			*out = (enum fault_code)i;
			return OK;
		}
	}
	return ERR_NOTFOUND;
}
