/*
 * The parent: starts one process per duty, starts it again when it dies, and ends
 * them all in order.  It reads nothing from any peer.
 */
#ifndef APP_PARENT_H
#define APP_PARENT_H

#include "app/process.h"
#include "app/sockets.h"

#define PARENT_EDGES_MAX 64u

struct parent_setup {
	struct conf *conf; /* taken; replaced on reload */
	const struct conf_sources *sources;
	struct keys *keys; /* all of them; wiped at the end */
	struct sockets *sockets;
	struct board *board;
	unsigned edges, readers;
	bool demo, empty;
	/* Called once, when policies can be served. */
	void (*on_ready)(const struct parent_setup *setup, void *arg);
	void *arg;
};

/*
 * Migrates the databases, then runs the service until SIGTERM or SIGINT.  EXIT_GOOD after an
 * orderly end; EXIT_UNKNOWN when the databases cannot be used or a duty does not come up
 * (the log says why).
 */
int parent_run(struct parent_setup *setup);

#endif
