#include "app/master_key.h"

#include <errno.h>
#include <unistd.h>

#include "app/state.h"
#include "service/keys.h"
#include "store/settings.h"

#define SYSTEM_STATE "/var/lib/mxseal"

const char *master_key_path(const struct conf *conf, const char *state, struct arena *a)
{
	const char *own = arena_printf(a, "%s/master.key", state);
	bool system = strcmp(state, SYSTEM_STATE) == 0;

	if (conf != NULL && conf->server.key_file[0] != '\0')
		return conf->server.key_file;
	if (state_is_demo(state, a))
		return own;
	const char *first = system ? MASTER_KEY_SYSTEM : own;
	const char *second = system ? own : MASTER_KEY_SYSTEM;
	bool absent = access(first, F_OK) != 0 && errno == ENOENT; /* not merely closed to us */

	return absent && access(second, F_OK) == 0 ? second : first;
}

static enum master_key read_check(const char *path, unsigned char out[KEY_SIZE])
{
	unsigned char master[KEY_SIZE];
	struct keys keys;
	bool created;

	errno = 0;
	enum err e = keys_master(path, false, master, &created, NULL);
	if (e == OK) {
		keys_derive(master, &keys);
		memcpy(out, keys_get(&keys, KEY_CHECK), KEY_SIZE);
		keys_wipe(&keys);
	}
	mem_wipe(master, sizeof(master));
	if (e == OK)
		return MASTER_KEY_UNNAMED;
	if (e == ERR_NOTFOUND)
		return MASTER_KEY_ABSENT;
	return e == ERR_SYNTAX ? MASTER_KEY_BROKEN : MASTER_KEY_CLOSED;
}

const char *master_key_remedy(const char *path, struct arena *a)
{
	return arena_printf(a,
	                    "put the master key back there; if it is lost, make a new one (umask "
	                    "377; head -c 32 /dev/urandom >%s): certificates are ordered anew",
	                    path);
}

enum master_key master_key_look(const char *path)
{
	unsigned char check[KEY_SIZE];

	return read_check(path, check);
}

enum master_key master_key_compare(const char *path, const char *database, struct arena *a)
{
	unsigned char check[KEY_SIZE];
	struct slice own;
	enum master_key k = read_check(path, check);

	if (k != MASTER_KEY_UNNAMED)
		return k;
	enum err e = settings_peek(database, SETTING_MASTER_KEY, a, &own);
	if (e == OK)
		return slice_eq(own, slice_of(check, KEY_SIZE)) ? MASTER_KEY_SAME
		                                                : MASTER_KEY_OTHER;
	return e == ERR_NOTFOUND ? MASTER_KEY_UNNAMED : MASTER_KEY_CLOSED;
}
