/*
 * A mail message taken apart by GMime into leaf parts with their decoded bytes.
 *
 * Before GMime sees the message, its size, the number and length of header lines and the number
 * of lines that can start a part are counted here; after that the parts and their nesting are.
 * Only bytes and parameters are asked for, never text in some character set.  Tolerated: bare
 * LF, a missing or unfinished closing boundary, base64 with odd lines, RFC 2231 names, messages
 * inside messages (also encoded ones), and headers so damaged that the boundary is only seen in
 * the body.
 */
#ifndef WIRE_MIME_H
#define WIRE_MIME_H

#include "base/mem.h"

#define MIME_MESSAGE_MAX (25u << 20) /* bytes of a message */
#define MIME_HEADER_MAX (64u << 10)  /* bytes of one header block */
#define MIME_HEADER_LINES_MAX 1000u  /* lines of one header block */
#define MIME_STARTS_MAX 10000u       /* lines that start with "--" or Content-Type */
#define MIME_LINES_MAX 100000u       /* lines that may belong to any header block */
#define MIME_PARTS_MAX 100u          /* leaf parts; multiparts and messages inside are as many */
#define MIME_DEPTH_MAX 10u           /* multiparts and messages inside each other */

/* One message: the outermost is number 0, then forwarded ones in order.  Values are unfolded. */
struct mime_message {
	struct slice type;        /* lower case, "multipart/report"; empty: no Content-Type */
	struct slice report_type; /* parameter report-type, lower case; empty: none */
	struct slice from, subject, date, message_id;
	struct slice report_domain, report_submitter; /* TLS-Report-Domain, TLS-Report-Submitter */
	unsigned report_domains;                      /* how often that field occurs */
	bool has_time;                                /* Date could be read */
	int64_t time;
	unsigned depth; /* 0: outermost */
	bool unclosed;  /* a multipart directly in it has no complete closing boundary */
	bool damaged;   /* its header did not tell the boundary; the body did */
};

struct mime_part {
	struct slice type;      /* lower case */
	struct slice file_name; /* Content-Disposition, else Content-Type; for display only */
	struct slice content;   /* decoded by Content-Transfer-Encoding */
	struct slice raw;       /* as it stood in the message */
	size_t message;         /* which message it is in */
	bool alone;             /* it is the whole body of its message */
};

struct mime {
	struct mime_message *messages;
	size_t message_count;
	struct mime_part *parts; /* leaves, in order */
	size_t part_count;
};

/*
 * Reads a message; everything in *out lies in arena or in message.  What can be read in one way
 * only is read by wire/mime_plain.h, the rest by GMime.
 * ERR_LIMIT: a ceiling above.  ERR_SYNTAX: no header field at its beginning.
 */
enum err mime_read(struct slice message, struct arena *arena, struct mime *out,
                   struct diag *diag) MUST_USE;

/* The same by GMime alone: what the short way must agree with. */
enum err mime_read_slow(struct slice message, struct arena *arena, struct mime *out,
                        struct diag *diag) MUST_USE;

/*
 * Prepares GMime once a process; mime_read does so itself.  For a process that is about to give
 * up the right to open files.
 */
void mime_setup(void);

#endif
