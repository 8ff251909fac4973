/* What assets_embed.py makes of the files; read by assets.c only. */
#ifndef WEB_ASSETS_DATA_H
#define WEB_ASSETS_DATA_H

#include "web/assets.h"

extern const char *const asset_urls[ASSET_COUNT];
extern const struct asset_file asset_files[ASSET_COUNT];

#endif
