#include "wire/dkim_fault.h"

static const struct {
	const char *code, *sentence;
} faults[] = {
#define DKIM_FAULT_ROW(name, code, sentence) { code, sentence },
	DKIM_FAULTS(DKIM_FAULT_ROW)
#undef DKIM_FAULT_ROW
};

const char *dkim_fault_code(enum dkim_fault f)
{
	return faults[f].code;
}

const char *dkim_fault_sentence(enum dkim_fault f)
{
	return faults[f].sentence;
}

enum err dkim_fault_by_code(struct slice code, enum dkim_fault *out)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		if (slice_eq(code, slice_str(faults[i].code))) {
			*out = (enum dkim_fault)i;
			return OK;
		}
	}
	return ERR_NOTFOUND;
}

bool dkim_fault_is_temporary(enum dkim_fault f)
{
	return f == DKIM_KEY_UNKNOWN || f == DKIM_KEY_BOGUS;
}
