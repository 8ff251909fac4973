/* Between records.c and records_seen.c. */
#ifndef SERVICE_RECORDS_INTERNAL_H
#define SERVICE_RECORDS_INTERNAL_H

#include "service/records.h"

/* Lays what was found over the rows. */
void records_lay(struct arena *a, const struct domain *domain, const struct records_facts *f,
                 struct records *out);

#endif
