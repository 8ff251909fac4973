/* systemd's notification protocol, without its library (sd_notify(3)). */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stdint.h>

/* Sends one state, e.g. "READY=1"; does nothing without NOTIFY_SOCKET. */
void notify_send(const char *state);
/* Half of the watchdog's time, in milliseconds; 0: no watchdog is wanted from this process. */
int64_t notify_watchdog_ms(void);

#endif
