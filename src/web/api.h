/* The routes under /api/v1, /metrics, /healthz and /readyz. */
#ifndef WEB_API_H
#define WEB_API_H

#include "web/route.h"

extern const struct route api_routes[];
extern const size_t api_route_count;

#endif
