/*
 * libcurl's door to the outside: numeric addresses given beforehand, each checked by net/dial at
 * the moment it is connected to.  For the files of net that use libcurl.
 */
#ifndef NET_CURL_DIAL_H
#define NET_CURL_DIAL_H

#include <curl/curl.h>

#include "net/dial.h"

/* What one transfer may connect to, and whether it was refused something. */
struct curl_dial {
	const struct dial_rules *rules;
	bool denied;
};

/* A CURLOPT_OPENSOCKETFUNCTION; its data is a struct curl_dial. */
curl_socket_t curl_dial_open(void *dial, curlsocktype purpose, struct curl_sockaddr *to);

/* For CURLOPT_RESOLVE: the only addresses of host; NULL: no memory. */
struct curl_slist *curl_dial_pin(const char *host, const struct dial_addr *addresses, size_t count);

#endif
