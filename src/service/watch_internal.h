/* Between watch.c (what is there) and watch_file.c (what is in it) only. */
#ifndef SERVICE_WATCH_INTERNAL_H
#define SERVICE_WATCH_INTERNAL_H

#include <sys/stat.h>

#include "service/supply.h"

#define WATCH_WORDS_SIZE 512u
#define WATCH_REST_NS INT64_C(2000000000) /* a file must have rested for so long */

/* A file as it was when it was read. */
struct watch_seen {
	uint64_t inode;
	int64_t changed_ns, size;
};

/* A watched path. */
struct watch {
	const char *path;
	struct supply *supply;
	struct reach reach;
	struct supply_row
	        row; /* mark: files changed before (in ns) are done; mbox: see the store */
	int64_t saved_ms, folder_ns; /* folder_ns: its newest change that a whole scan has seen */
	int64_t scanned_ms, scan_ms; /* when the last scan began, and how long it took */
	bool pending, dirty;
	struct watch_seen *seen; /* sorted: those not before the mark */
	size_t seen_count;
	struct watch_seen *next; /* of the scan under way */
	size_t next_count, next_room;
	int64_t oldest_pending_ns;
	char why[WATCH_WORDS_SIZE], note[WATCH_WORDS_SIZE];
	struct supply_parcel parcels[SUPPLY_PARCELS_MAX];
	size_t parcel_count, parcel_bytes;
};

/* What a file of that name is taken for. */
enum watch_kind { WATCH_NOTHING, WATCH_REPORT, WATCH_MAIL, WATCH_MBOX };
enum watch_kind watch_kind_of(const char *name);

int64_t watch_ns(struct timespec t);
void watch_pass_over(struct watch *w, const char *name, const char *words);
/* Stores what was gathered. */
enum err watch_give(struct watch *w) MUST_USE;
/*
 * Gathers what is in fd (taken, also on failure) from offset on; *end_out (may be NULL) is where
 * it ended.  ERR_UNAVAILABLE: not everything could be stored.
 */
enum err watch_read(struct watch *w, int fd, const char *name, enum watch_kind kind,
                    uint64_t offset, uint64_t *end_out) MUST_USE;
/* An mbox file that grows.  ERR_UNAVAILABLE as above; else what is wrong stands in w->why. */
enum err watch_mbox(struct watch *w, const struct stat *st, int64_t now_ns) MUST_USE;

#endif
