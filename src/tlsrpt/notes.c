#include "tlsrpt/notes.h"

static const struct {
	const char *code, *sentence;
} notes[] = {
#define NOTE_ROW(name, code, sentence) [NOTE_##name] = { code, sentence },
	REPORT_NOTES(NOTE_ROW)
#undef NOTE_ROW
};

const char *note_code(enum report_note note)
{
	return notes[note].code;
}

const char *note_sentence(enum report_note note)
{
	return notes[note].sentence;
}

enum err note_by_code(struct slice code, enum report_note *out)
{
	for (size_t i = 0; i < NOTE_COUNT; i++) {
		if (slice_eq(code, slice_str(notes[i].code))) {
			*out = (enum report_note)i;
			return OK;
		}
	}
	return ERR_NOTFOUND;
}
