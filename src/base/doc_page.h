/*
 * How a page of docs/ is named to people: by its name and the folder where the package puts it.
 */
#ifndef BASE_DOC_PAGE_H
#define BASE_DOC_PAGE_H

/* Of a literal such as "behind.md". */
#define DOC_PAGE(name) name " in /usr/share/doc/mxseal"

#endif
