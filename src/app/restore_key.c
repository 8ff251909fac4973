#include "app/restore_key.h"

#include <unistd.h>

#include "app/master_key.h"

#define CONFIG_FILE "/etc/mxseal/mxseal.conf"
#define PUT_IT_THERE                                                                              \
	"put the master key that belongs to it there before the start; the backup does not hold " \
	"that"

extern char **environ;

/* Of the machine's configuration nothing is needed but where the key lies. */
static const char *find_file(const struct cli *cli, const char *state)
{
	struct conf_errors errors = { .arena = cli->arena };
	struct conf_sources sources = { .file = CONFIG_FILE, .environment = environ };
	struct conf *conf = NULL;
	const char *path;

	if (access(CONFIG_FILE, R_OK) != 0 || conf_load(&sources, &conf, &errors) != OK)
		return master_key_path(NULL, state, cli->arena);
	bool ours = strcmp(conf->server.state, state) == 0;
	path = arena_str(cli->arena,
	                 slice_str(master_key_path(ours ? conf : NULL, state, cli->arena)));
	conf_free(conf);
	return path;
}

struct restore_key restore_key_look(const struct cli *cli, const char *state, const char *dir)
{
	static const struct restore_key words[] = {
		[MASTER_KEY_SAME] = { NULL, "same", "[ OK ]",
		                      "is the master key that belongs to it", NULL },
		[MASTER_KEY_OTHER] = { NULL, "other", "[WARN]",
		                       "is another master key than the one this backup was sealed "
		                       "under",
		                       "put that one in its place before the start; or go on with "
		                       "this one: certificates are ordered anew where [acme] is "
		                       "on, "
		                       "the others are brought by mxseal cert import" },
		[MASTER_KEY_UNNAMED] = { NULL, "unknown", "[ -- ]",
		                         "has to be the master key that belongs to it; the backup "
		                         "does not hold that, nor say which",
		                         NULL },
		[MASTER_KEY_ABSENT] = { NULL, "missing", "[WARN]", "is not there", PUT_IT_THERE },
		[MASTER_KEY_CLOSED] = { NULL, "unknown", "[ -- ]",
		                        "cannot be looked at; it has to be the master key that "
		                        "belongs to the backup, which does not hold that",
		                        NULL },
		[MASTER_KEY_BROKEN] = { NULL, "missing", "[WARN]",
		                        "holds no master key of 32 bytes", PUT_IT_THERE },
	};
	const char *file = find_file(cli, state);
	const char *database = arena_printf(cli->arena, "%s/mxseal.db", dir);
	struct restore_key k = words[master_key_compare(file, database, cli->arena)];

	k.file = file;
	return k;
}

void restore_key_say(const struct cli *cli, const struct restore_key *k)
{
	cli_print_safe(cli->err, arena_printf(cli->arena, "%s %s %s.\n", k->mark, k->file, k->why));
	if (k->fix != NULL)
		cli_print_safe(cli->err, arena_printf(cli->arena, "fix: %s\n", k->fix));
}
