/*
 * What a role finds when it begins: its configuration, keys, descriptors and the board.
 *
 * The parent writes all of it into one pipe as text lines; the child reads it to
 * the end before anything else.  Nothing comes from the command line but the role's
 * name, and nothing from the environment.
 *
 *   role R | slot N | demo 0/1 | empty 0/1 | fault N | conf KEY VALUE | fd NAME NUMBER
 *   | key PURPOSE HEX
 *
 * Descriptors by name (those of other roles are not there):
 *   edge    listen.tls.K  listen.http.K  listen.dns.K  listen.udp.K  hand.desk  hand.intake
 *           bell  fetches  transfer.keys
 *   intake  hand.intake   reader.0…
 *   reader  work          (and no board, no keys, no settings but the log's)
 *   desk    listen.control  listen.admin.K  hand.desk  hand.intake  bell.0…  fetches
 *           transfer.keys  update.key
 */
#ifndef APP_BOOT_H
#define APP_BOOT_H

#include "app/conf.h"
#include "app/store_fault.h"
#include "service/board.h"
#include "service/keys.h"

#define BOOT_FD 3             /* the pipe a child reads its boot lines from */
#define BOOT_TEXT_MAX 262144u /* all lines together */
#define BOOT_FDS_MAX 512u

struct boot_fd {
	const char *name;
	int fd;
};

struct boot {
	enum role role;
	unsigned slot; /* of the board */
	bool demo;
	bool empty;             /* a demonstration without domains and reports */
	enum store_fault fault; /* desk: the databases cannot be used, it only says so */
	struct conf *conf;
	struct keys keys;
	struct board *board; /* NULL in reader, prepare and migrate */
	size_t fd_count;
	struct boot_fd fds[BOOT_FDS_MAX];
};

/* The descriptor of that name, or -1. */
int boot_fd(const struct boot *b, const char *name);
/* Descriptors "prefix0", "prefix1"… up to max; gives how many there are. */
size_t boot_fd_list(const struct boot *b, const char *prefix, int *out, size_t max);

/* Appends the lines of b.  The caller wipes the buffer, which holds keys. */
enum err boot_format(const struct boot *b, struct buf *out) MUST_USE;
/*
 * Reads such lines; *out and its conf are the caller's (boot_free).  The board is not mapped here.
 * ERR_SYNTAX: not such lines.  ERR_LIMIT: too many descriptors.
 */
enum err boot_parse(struct slice text, struct boot **out) MUST_USE;
void boot_free(struct boot *b); /* wipes the keys; NULL does nothing */

/*
 * Runs the role that argv names and gives its exit status; everything a child does
 * before its own code is here: reads the boot lines, sets up the log, maps the board.
 */
int boot_main(const char *role);

/*
 * The roles.  Each beats (board_beat(b->board, b->slot, clock_mono_ms())) once its
 * duty is really done, then at least every second, and returns 0 after SIGTERM when
 * its work is drained; the parent waits at most 10 s for that.
 */
int role_edge(const struct boot *b);
int role_intake(const struct boot *b);
/* The paths that intake reads because its settings name them, NULL behind the last one; in a. */
const char *const *intake_reads(const struct conf *conf, struct arena *a);
int role_reader(const struct boot *b);
/*
 * Before the reader's cage: returns in a fresh child, again and again; the process that calls it
 * stays outside and never returns.
 */
void reader_generations(void);
int role_desk(const struct boot *b);
/* Makes or migrates edge.db; ends before edges start. */
int role_prepare(const struct boot *b);
/* Makes or migrates the main database; ends before desk and intake start. */
int role_migrate(const struct boot *b);

#endif
