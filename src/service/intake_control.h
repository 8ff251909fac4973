/* Between intake_control.c, intake_import.c and intake_retry.c only. */
#ifndef SERVICE_INTAKE_CONTROL_H
#define SERVICE_INTAKE_CONTROL_H

#include "service/intake_internal.h"
#include "service/intake_line.h"
#include "service/intake_source.h"

/* The error of a file when the database or the disk did not take it; further files fare no better.
 */
#define CONTROL_NOT_STORED \
	"the service cannot store it: its disk is full, or its database is in use"
#define CONTROL_FDS_MAX 64u           /* passed and not yet asked for */
#define CONTROL_FILES_MAX 64u         /* asked for and not yet answered */
#define CONTROL_ITEMS_MAX 4096u       /* messages under way for one connection */
#define CONTROL_BYTES_MAX (64u << 20) /* of them; one larger message goes alone */
#define CONTROL_OUT_MAX (4u << 20)    /* bytes of answers not yet taken */
#define CONTROL_FOREIGN_MAX 1000u     /* names told for one file */

struct control_conn;

/* One passed file and what became of its messages so far. */
struct control_file {
	struct control_file *next;
	struct control_conn *conn;
	struct source source;
	bool open, mail;
	size_t under_way;
	struct line_counts counts;
	struct arena *arena;
	struct slice name;
	const char **foreign;
};

enum control_state {
	CONTROL_HELLO,  /* waiting for the first line */
	CONTROL_IMPORT, /* taking files */
	CONTROL_RETRY,  /* reading quarantine again; nothing more is taken */
	CONTROL_PURGE,  /* removing what is too old; nothing more is taken */
	CONTROL_MAIL,   /* waiting for the mail's descriptor */
	CONTROL_DISK,   /* the mail is in the archive, not yet on disk */
	CONTROL_ENDING, /* the last answer is being written */
};

struct control_conn {
	struct control_conn *next;
	struct intake *in;
	bool trusted; /* an owner or operator is at the other end */
	bool closed;  /* gone, but messages of it are still under way */
	bool ended;   /* the client has said that nothing more comes */
	bool dry_run; /* of an import or a retry */
	int fd;
	enum control_state state;
	struct loop_watch watch;
	struct loop_timer timer;
	struct waiter waiter;
	struct buf line, out;
	int fds[CONTROL_FDS_MAX];
	size_t fd_count;
	struct control_file *files, **files_last;
	size_t file_count, item_count, item_bytes;
	/* of a retry */
	char after[SHA256_HEX_SIZE];
	bool listed; /* no further rows */
	uint64_t retried;
	struct line_counts counts;
	struct purge *purge; /* NULL: none is under way */
};

/* Looks at everything that may go on: lines, files, answers.  c may be gone afterwards. */
void control_go(struct control_conn *c);
/* Hands a message over to the queue. */
void control_submit(struct control_conn *c, struct item *it);
/* A message of c is finished. */
void control_item_done(struct control_conn *c, const struct item *it);
void control_add_counts(struct line_counts *sum, const struct item_counts *c);
bool control_has_room(const struct control_conn *c);

/* intake_import.c: a file's line with its descriptor (taken, also on failure). */
enum err import_add_file(struct control_conn *c, struct slice line, int fd) MUST_USE;
/* Submits what fits and writes the answers that are due. */
void import_go(struct control_conn *c);
void import_free_files(struct control_conn *c);

/* intake_retry.c: submits what fits; true: all was read and the answer is written. */
bool retry_go(struct control_conn *c);

#endif
