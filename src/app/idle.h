/* A duty without work: beats every second until SIGTERM, for roles that have nothing to do. */
#ifndef APP_IDLE_H
#define APP_IDLE_H

#include "app/boot.h"

int idle(const struct boot *b);

#endif
