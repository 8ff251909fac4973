#include "app/doctor.h"

void doctor_add(struct doctor *d, enum doctor_severity severity, const char *check,
                const char *detail, const char *fix)
{
	if (d->count < DOCTOR_ROWS_MAX)
		d->rows[d->count++] = (struct doctor_row){ severity, check, detail, fix };
}
