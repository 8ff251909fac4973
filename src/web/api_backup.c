/* Backups: the databases are copied here, the command takes them along. */
#include "service/backup.h"
#include "web/api_internal.h"

void api_backup_make(const struct request *q, struct response *r)
{
	const char *state = q->desk->set.state_dir;
	enum err e = backup_make(state, q->now);

	if (e == ERR_CONFLICT) {
		problem_say(r, e, "backup-busy", "another backup is being made",
		            "wait for it; one that was given up is forgotten after an hour");
		return;
	}
	if (e != OK) {
		problem_say(r, e == ERR_UNAVAILABLE ? e : ERR_IO, "backup",
		            "the databases cannot be copied in the state directory",
		            "look for free space there (`df`), then try again");
		return;
	}
	response_json(r, json_pack("{s:s, s:o, s:b}", "schema", "mxseal.backup/1", "made",
	                           api_time(q->now), "demo", (int)q->desk->set.demo));
}

void api_backup_end(const struct request *q, struct response *r)
{
	bool done = request_query(q, "done", 0).p != NULL;

	if (backup_end(q->desk->set.state_dir, done) != OK) {
		problem_say(r, ERR_IO, "backup", "the end of the backup cannot be written down",
		            "look for free space in the state directory (`df`)");
		return;
	}
	response_json(r, json_pack("{s:s, s:b}", "schema", "mxseal.backup/1", "done", (int)done));
}
