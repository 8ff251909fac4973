/*
 * What makes `serve --demo` differ from the product: other defaults, loopback only,
 * ports that give way, a certification authority of its own, and a greeting.
 */
#ifndef APP_DEMO_H
#define APP_DEMO_H

#include "app/command.h"
#include "app/conf.h"
#include "app/sockets.h"

#define DEMO_STATE "var"
#define DEMO_PORT_BASE_MAX (65535u - 443u)
#define DEMO_PORT_TRIES 100u
#define DEMO_LISTENERS 5u

/* The settings of a demonstration. */
const struct conf_setting *demo_preset(size_t *count_out);

struct demo_ports {
	size_t count;
	struct conf_setting moved[DEMO_LISTENERS];
};

/*
 * Settings for listeners that have to move: all of them when base is not 0, else those whose
 * port is taken (said on err with its owner).  With a base a taken port is EXIT_CONFLICT, and
 * *fault says which.
 */
int demo_find_ports(const struct cli *cli, const struct conf *conf, unsigned base,
                    struct demo_ports *out, struct socket_fault *fault);

/* Refuses a configuration that would listen elsewhere than on loopback. */
int demo_check(const struct cli *cli, const struct conf *conf);

/* Makes STATE/demo-ca.pem, unless it is there. */
int demo_authority(const struct cli *cli, const struct conf *conf);

/* Prints where everything is, and starts `mxseal login` for the one-time link. */
void demo_greet(const struct cli *cli, const struct conf *conf);

#endif
