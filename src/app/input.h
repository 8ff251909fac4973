/* Files that a command reads whole, standard input among them. */
#ifndef APP_INPUT_H
#define APP_INPUT_H

#include "app/command.h"

/*
 * The content of a file ("-": standard input) in the command's arena, up to max + 1 bytes: the
 * caller sees by the length that there is more than max.  EXIT_UNKNOWN, said already: it cannot
 * be read.
 */
int input_read(const struct cli *cli, const char *path, size_t max, struct slice *out) MUST_USE;

/* The name to show for a path: "standard input" for "-". */
const char *input_name(const char *path);

#endif
