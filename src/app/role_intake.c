/* The duty of intake. */
#include "app/idle.h"

int role_intake(const struct boot *b)
{
	return idle(b);
}
