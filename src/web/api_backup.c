/* Backups: the databases are copied here, a little at each request; the command takes them along.
 */
#include "service/backup.h"
#include "web/api_internal.h"

#define TURN_MS 1000 /* of copying in one request */

static const struct reason {
	enum err e, as; /* as: what a client is told */
	const char *code, *why, *fix;
} reasons[] = {
	{ ERR_CONFLICT, ERR_CONFLICT, "backup-busy", "another backup is being made",
	  "wait for it; one that was given up is forgotten after half a minute" },
	{ ERR_LIMIT, ERR_IO, "disk-full", "the disk of the state directory has too little room",
	  "make room there (`df`) for copies of mxseal.db and edge.db, then try again" },
	{ ERR_NOTFOUND, ERR_CONFLICT, "backup-over", "the service has given this backup up",
	  "try again; a restart ends one, and so does half a minute without its command" },
	{ ERR_UNAVAILABLE, ERR_UNAVAILABLE, "backup", "the databases are locked",
	  "end the other program that has them open, then try again" },
	{ ERR_IO, ERR_IO, "backup", "the databases cannot be copied in the state directory",
	  "look for free space there (`df`), then try again" },
};

static void say_why(enum err e, struct response *r)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(reasons) && reasons[i].e != e)
		i++;
	problem_say(r, reasons[i].as, reasons[i].code, reasons[i].why, reasons[i].fix);
}

static json_t *far_json(const struct backup_far *far)
{
	return json_pack("{s:s, s:I, s:I, s:b}", "schema", "mxseal.backup/1", "copied",
	                 (json_int_t)far->copied, "bytes", (json_int_t)far->bytes, "whole",
	                 (int)far->whole);
}

void api_backup_begin(const struct request *q, struct response *r)
{
	struct backup_far far;
	enum err e = backup_begin(q->desk->backup, q->now, &far);

	if (e != OK) {
		say_why(e, r);
		return;
	}
	json_t *answer = far_json(&far);
	(void)json_object_set_new(answer, "made", api_time(q->now));
	(void)json_object_set_new(answer, "demo", json_boolean(q->desk->set.demo));
	response_json(r, answer);
}

void api_backup_step(const struct request *q, struct response *r)
{
	struct backup_far far;
	enum err e = backup_step(q->desk->backup, q->now, TURN_MS, &far);

	if (e == OK)
		response_json(r, far_json(&far));
	else
		say_why(e, r);
}

void api_backup_end(const struct request *q, struct response *r)
{
	bool done = request_query(q, "done", 0).p != NULL;

	if (backup_end(q->desk->backup, done) != OK) {
		problem_say(r, ERR_IO, "backup", "the end of the backup cannot be written down",
		            "look for free space in the state directory (`df`)");
		return;
	}
	response_json(r, json_pack("{s:s, s:b}", "schema", "mxseal.backup/1", "done", (int)done));
}
