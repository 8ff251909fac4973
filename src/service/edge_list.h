/*
 * Doubly linked lists inside the things they link: no allocation, removal in one step.
 * A list head is a link too; an empty head and a link in no list point at themselves.
 */
#ifndef SERVICE_EDGE_LIST_H
#define SERVICE_EDGE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

/* The structure that holds the link. */
#define LINK_OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void link_init(struct link *l)
{
	l->prev = l->next = l;
}

static inline bool link_is_alone(const struct link *l)
{
	return l->next == l;
}

static inline void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

static inline void link_append(struct link *head, struct link *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* The oldest, or NULL. */
static inline struct link *link_first(const struct link *head)
{
	return link_is_alone(head) ? NULL : head->next;
}

#endif
