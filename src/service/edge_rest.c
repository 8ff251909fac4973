#include "service/edge_rest.h"

void edge_rest_note(struct edge_rest *r, size_t open)
{
	if (open > r->peak)
		r->peak = open;
}

bool edge_rest_due(struct edge_rest *r, size_t open, int64_t now_ms)
{
	if (r->peak < EDGE_CROWD || open > r->peak / 4)
		r->crowd_ms = now_ms;
	if (now_ms - r->crowd_ms < EDGE_REST_MS)
		return false;
	*r = (struct edge_rest){ .peak = open, .crowd_ms = now_ms };
	return true;
}
