/*
 * Files that pages refer to, compiled in.  Their addresses carry a digest of the
 * content, so that browsers may keep them for good.
 */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

#include "base/slice.h"

enum asset { ASSET_STYLE, ASSET_THEME, ASSET_APP, ASSET_CHART, ASSET_ICON, ASSET_COUNT };

struct asset_file {
	const char *name; /* "style.1a2b3c4d5e6f.css" */
	const char *type; /* media type */
	struct slice content;
};

/* "/assets/style.1a2b3c4d5e6f.css" */
const char *asset_url(enum asset a);
/* By its name below /assets/; NULL: no such file. */
const struct asset_file *asset_find(struct slice name);

#endif
