#include "service/desk.h"

/* One thread that waits; it lies on that thread's stack. */
struct desk_waiter {
	pthread_cond_t granted;
	bool holds;
	struct desk_waiter *next;
};

/* None of these calls can fail with such arguments. */

void desk_lock_init(struct desk *d)
{
	(void)pthread_mutex_init(&d->lock.guard, NULL);
}

void desk_lock_fini(struct desk *d)
{
	(void)pthread_mutex_destroy(&d->lock.guard);
}

static void wait_in_line(struct desk_lock *l)
{
	struct desk_waiter w = { .holds = false };

	(void)pthread_cond_init(&w.granted, NULL);
	/* It leaves the line before this call ends. */
	if (l->last == NULL)
		l->first = &w; /* cppcheck-suppress autoVariables */
	else
		l->last->next = &w;
	l->last = &w; /* cppcheck-suppress autoVariables */
	while (!w.holds)
		(void)pthread_cond_wait(&w.granted, &l->guard);
	(void)pthread_cond_destroy(&w.granted);
}

void desk_lock(struct desk *d)
{
	struct desk_lock *l = &d->lock;

	(void)pthread_mutex_lock(&l->guard);
	if (l->held)
		wait_in_line(l);
	l->held = true;
	(void)pthread_mutex_unlock(&l->guard);
}

void desk_unlock(struct desk *d)
{
	struct desk_lock *l = &d->lock;
	struct desk_waiter *w;

	(void)pthread_mutex_lock(&l->guard);
	w = l->first;
	if (w == NULL) {
		l->held = false;
	} else {
		l->first = w->next;
		if (l->first == NULL)
			l->last = NULL;
		w->holds = true;
		(void)pthread_cond_signal(&w->granted);
	}
	(void)pthread_mutex_unlock(&l->guard);
}
