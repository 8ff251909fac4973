/* The duty of desk. */
#include "app/idle.h"

int role_desk(const struct boot *b)
{
	return idle(b);
}
