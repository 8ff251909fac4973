/* What is the same in every completion script; the files of completion/, compiled in. */
#ifndef APP_COMPLETION_H
#define APP_COMPLETION_H

extern const char completion_bash[];
extern const char completion_zsh[];
extern const char completion_fish[];

#endif
