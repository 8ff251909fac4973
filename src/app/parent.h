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
	bool fresh; /* the state is new: without its databases nothing could be served */
	/* Called once, when policies can be served. */
	void (*on_ready)(const struct parent_setup *setup, void *arg);
	void *arg;
};

/*
 * Runs the service until SIGTERM or SIGINT.  Edges start at once, the others when the main database
 * is migrated; as long as that fails, or one of them does not come up, policies are served without
 * them, and they are tried again.  EXIT_GOOD after an orderly end; EXIT_UNKNOWN when edges do not
 * come up or, for a fresh state, anything does not (the log says why).
 */
int parent_run(struct parent_setup *setup);

#endif
