/* systemd's notification protocol, without its library (sd_notify(3)). */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

/* Sends one state, e.g. "READY=1"; does nothing without NOTIFY_SOCKET. */
void notify_send(const char *state);

/*
 * Has the service manager keep these descriptors, under name, for the next run of the
 * service (FDSTORE), in place of all that it keeps under that name; nothing without NOTIFY_SOCKET.
 */
void notify_keep(const char *name, const int *fds, size_t count);

/* Half of the watchdog's time, in milliseconds; 0: no watchdog is wanted from this process. */
int64_t notify_watchdog_ms(void);

#endif
