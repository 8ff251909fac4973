/* The duty of reader. */
#include "app/idle.h"

int role_reader(const struct boot *b)
{
	return idle(b);
}
