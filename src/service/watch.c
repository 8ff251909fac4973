#include "service/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "service/watch_internal.h"

#define LOOK_MS 1000                      /* between two looks at all paths */
#define SAVE_MS 600000                    /* when nothing happens */
#define MARK_BACK_NS INT64_C(60000000000) /* the mark stays so far behind the newest file */
#define SCAN_MS 4000  /* between two scans of a folder that has not changed itself */
#define SCAN_SHARE 50 /* a scan takes at most this part of the time */
#define FUTURE_NS INT64_C(3600000000000)

struct watching {
	const char *paths;
	struct arena *arena;
	struct watch *list;
	size_t count;
};

static int by_file(const void *a, const void *b)
{
	const struct watch_seen *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->changed_ns != y->changed_ns)
		return x->changed_ns < y->changed_ns ? -1 : 1;
	return (x->size > y->size) - (x->size < y->size);
}

static bool was_seen(const struct watch *w, const struct watch_seen *s)
{
	return w->seen_count > 0 && bsearch(s, w->seen, w->seen_count, sizeof(*s), by_file) != NULL;
}

static void note_seen(struct watch *w, const struct watch_seen *s)
{
	if (w->next_count == w->next_room) {
		w->next_room = w->next_room == 0 ? 64 : w->next_room * 2;
		w->next = mem_realloc(w->next, w->next_room * sizeof(*w->next));
	}
	w->next[w->next_count++] = *s;
}

/* The newest change, but of no file whose clock was wrong by more than an hour. */
static int64_t newest_of(const struct watch *w, int64_t limit)
{
	int64_t newest = 0;

	for (size_t i = 0; i < w->next_count; i++)
		if (w->next[i].changed_ns > newest && w->next[i].changed_ns <= limit)
			newest = w->next[i].changed_ns;
	return newest;
}

/*
 * A scan is done.  The mark goes by the clock of the file system, which may be another machine's.
 * After a whole one, what is older than its mark needs no memory any more; what
 * could not be opened keeps the mark where it was.
 */
static void end_scan(struct watch *w, int64_t started)
{
	int64_t mark = newest_of(w, started + FUTURE_NS) - MARK_BACK_NS;
	size_t kept = 0;

	if (w->pending && w->oldest_pending_ns < mark)
		mark = w->oldest_pending_ns;
	if (mark > w->row.mark && w->why[0] == '\0')
		w->row.mark = mark;
	for (size_t i = 0; i < w->next_count; i++)
		if (w->next[i].changed_ns >= w->row.mark)
			w->next[kept++] = w->next[i];
	if (kept > 0)
		qsort(w->next, kept, sizeof(*w->next), by_file);
	mem_free(w->seen);
	w->seen = w->next;
	w->seen_count = kept;
	w->next = NULL;
	w->next_count = w->next_room = 0;
}

static enum err take_file(struct watch *w, int folder, const char *name, enum watch_kind kind)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

	if (fd < 0) {
		if (errno != ENOENT)
			watch_pass_over(w, name, strerror(errno));
		return OK;
	}
	return watch_read(w, fd, name, kind, 0, NULL);
}

static enum err look_at(struct watch *w, int folder, const char *name, enum watch_kind kind,
                        bool rests)
{
	int64_t now = clock_now_ns(), written;
	struct watch_seen s;
	struct stat st;
	enum err e;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return OK;
	s = (struct watch_seen){ st.st_ino, watch_ns(st.st_ctim), st.st_size };
	written = watch_ns(st.st_mtim);
	if (s.changed_ns < w->row.mark)
		return OK;
	if (!was_seen(w, &s)) {
		/* The time of the last change counts, unless a clock was wrong. */
		if (rests && written <= now && now - written < WATCH_REST_NS) {
			if (!w->pending || s.changed_ns < w->oldest_pending_ns)
				w->oldest_pending_ns = s.changed_ns;
			w->pending = true;
			return OK;
		}
		e = take_file(w, folder, name, kind);
		if (e != OK)
			return e;
	}
	note_seen(w, &s);
	return OK;
}

/* mails: every file in it is one, as in the parts of a Maildir. */
static enum err scan_folder(struct watch *w, const char *path, bool mails)
{
	DIR *d = opendir(path);
	const struct dirent *entry;
	enum err e = OK;

	if (d == NULL) {
		(void)snprintf(w->why, sizeof(w->why), "%s", strerror(errno)); /* fits */
		return OK;
	}
	while (e == OK && (entry = readdir(d)) != NULL) {
		enum watch_kind kind = mails ? entry->d_name[0] == '.' ? WATCH_NOTHING : WATCH_MAIL
		                             : watch_kind_of(entry->d_name);

		if (kind != WATCH_NOTHING)
			e = look_at(w, dirfd(d), entry->d_name, kind, !mails);
	}
	(void)closedir(d); /* only read */
	return e == OK ? watch_give(w) : e;
}

/* The newest change of a folder, or of the two parts of a Maildir. */
static int64_t folder_changed(const char *const *paths, size_t count)
{
	int64_t newest = 0;
	struct stat st;

	for (size_t i = 0; i < count; i++)
		if (stat(paths[i], &st) == 0 && watch_ns(st.st_mtim) > newest)
			newest = watch_ns(st.st_mtim);
	return newest;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * A file that is written in place does not change its folder: each is looked at again from time
 * to time, but not so often that a large folder keeps the machine busy.
 */
static bool is_due(const struct watch *w)
{
	int64_t pause = w->scan_ms * SCAN_SHARE;

	return clock_mono_ms() - w->scanned_ms > (pause > SCAN_MS ? pause : SCAN_MS);
}

static enum err scan(struct watch *w, struct arena *a)
{
	const char *parts[2] = { arena_printf(a, "%s/new", w->path),
		                 arena_printf(a, "%s/cur", w->path) };
	bool maildir = is_folder(parts[0]) && is_folder(parts[1]);
	size_t count = maildir ? 2 : 1;
	const char *const *paths = maildir ? parts : &w->path;
	int64_t started = clock_now_ns(), changed = folder_changed(paths, count);
	enum err e = OK;

	/* A change within the grain of the clock might not show. */
	if (!w->pending && changed == w->folder_ns && started - changed > WATCH_REST_NS &&
	    !is_due(w))
		return OK;
	w->scanned_ms = clock_mono_ms();
	if (w->row.mark > started + FUTURE_NS)
		w->row.mark = 0; /* the clock went back: better twice than never */
	w->pending = false;
	for (size_t i = 0; e == OK && i < count; i++)
		e = scan_folder(w, paths[i], maildir);
	if (e != OK) {
		w->next_count = 0;
		w->pending = true;
		return e;
	}
	end_scan(w, started);
	w->folder_ns = changed;
	w->scan_ms = clock_mono_ms() - w->scanned_ms;
	return OK;
}

static enum err look(struct watch *w)
{
	struct arena *a = arena_new();
	struct stat st;
	enum err e = OK;

	if (stat(w->path, &st) != 0)
		(void)snprintf(w->why, sizeof(w->why), "%s", strerror(errno)); /* fits */
	else if (S_ISDIR(st.st_mode))
		e = scan(w, a);
	else if (S_ISREG(st.st_mode))
		e = watch_mbox(w, &st, clock_now_ns());
	else
		(void)snprintf(w->why, sizeof(w->why), "is neither a folder nor a file");
	if (e != OK)
		(void)snprintf(w->why, sizeof(w->why),
		               "what was read could not be stored; look at the service's log");
	while (w->parcel_count > 0)
		item_free(w->parcels[--w->parcel_count].item);
	w->parcel_bytes = 0;
	arena_free(a);
	return e;
}

/* Saved when something changed, else seldom. */
static void look_and_save(struct watch *w)
{
	char before[WATCH_WORDS_SIZE];

	memcpy(before, w->why, sizeof(before));
	w->why[0] = '\0';
	(void)look(w); /* w->why has it */
	if (w->why[0] != '\0')
		supply_keep_reach(w->supply, &w->reach, 1);
	if (supply_must_end(w->supply))
		return;
	w->row.polled = clock_now_s();
	if (w->why[0] == '\0')
		w->row.good = w->row.polled;
	if (strcmp(before, w->why) != 0) {
		w->dirty = true;
		if (w->why[0] != '\0')
			log_error("a watched path cannot be read", F("path", w->path),
			          F("reason", w->why));
		else
			log_info("a watched path is read again", F("path", w->path));
	}
	if (!w->dirty && clock_mono_ms() - w->saved_ms < SAVE_MS)
		return;
	if (supply_save(w->supply, &w->row) == OK) {
		w->dirty = false;
		w->saved_ms = clock_mono_ms();
	}
}

static bool load(struct watching *all, struct watch *w)
{
	enum err e = ERR_UNAVAILABLE;

	do
		e = supply_load(w->supply, "watch", w->path, all->arena, &w->row);
	while (e != OK && e != ERR_NOTFOUND && supply_sleep(w->supply, 1000));
	if (e == ERR_NOTFOUND)
		w->row = (struct supply_row){ .identity = "" };
	else if (e == OK)
		(void)snprintf(w->note, sizeof(w->note), "%s", w->row.note); /* cut is fine */
	w->row.kind = "watch";
	w->row.name = w->path;
	w->row.why = w->why;
	w->row.note = w->note;
	w->dirty = true;
	w->folder_ns = -1;
	return e == OK || e == ERR_NOTFOUND;
}

static void split_paths(struct watching *all, struct supply *s)
{
	struct slice rest = slice_str(all->paths), path;

	all->list = arena_calloc(all->arena, strlen(all->paths) / 2 + 1, sizeof(*all->list));
	while (slice_next(&rest, ' ', &path))
		if (path.len > 0) {
			struct watch *w = &all->list[all->count++];

			*w = (struct watch){ .path = arena_str(all->arena, path), .supply = s };
			reach_init(&w->reach, w->path);
		}
}

static void run(struct supply *s, void *arg)
{
	struct watching all = { .paths = arg, .arena = arena_new() };
	bool going = true;

	split_paths(&all, s);
	for (size_t i = 0; going && i < all.count; i++)
		going = load(&all, &all.list[i]);
	while (going) {
		for (size_t i = 0; i < all.count && !supply_must_end(s); i++)
			look_and_save(&all.list[i]);
		going = supply_sleep(s, LOOK_MS);
	}
	for (size_t i = 0; i < all.count; i++) {
		mem_free(all.list[i].seen);
		mem_free(all.list[i].next);
	}
	arena_free(all.arena);
	mem_free(arg);
}

void watch_start(struct supplies *all, const char *paths)
{
	if (paths[0] != '\0')
		supplies_start(all, run, mem_strdup(paths)); /* run frees it */
}
