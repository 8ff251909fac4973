/* The role of intake: from what the parent gave to the settings of service/intake.h. */
#include "app/boot.h"
#include "service/intake.h"

#define READERS_MAX 64u

int role_intake(const struct boot *b)
{
	int readers[READERS_MAX];
	struct intake_settings set = {
		.database = conf_path(b->conf, "mxseal.db"),
		.archive_dir = conf_path(b->conf, "archive"),
		.hand = boot_fd(b, "hand.intake"),
		.readers = readers,
		.reader_count = boot_fd_list(b, "reader.", readers, READERS_MAX),
		.board = b->board,
		.slot = b->slot,
		.keep_posted = b->conf->report.keep_posted,
		.quiet = b->demo, /* it feeds itself sixty days of reports */
	};

	return intake_run(&set) == OK ? 0 : 1;
}
