/* The role of reader: one socket and nothing else. */
#include "app/boot.h"
#include "service/reader.h"

int role_reader(const struct boot *b)
{
	return reader_run(boot_fd(b, "work")) == OK ? 0 : 1;
}
