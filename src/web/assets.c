#include "web/assets.h"

#include "web/assets_data.h"

const char *asset_url(enum asset a)
{
	return asset_urls[a];
}

const struct asset_file *asset_find(struct slice name)
{
	for (size_t i = 0; i < ASSET_COUNT; i++) {
		if (slice_eq(slice_str(asset_files[i].name), name))
			return &asset_files[i];
	}
	return NULL;
}
