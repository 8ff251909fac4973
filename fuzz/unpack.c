/* gzip and zip, in each other and broken: never past the ceiling, and a refusal has its code. */
#include <assert.h>

#include "tlsrpt/unpack.h"

#define STORE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_fault fault = { 0 };
	struct unpacked out = { 0 };
	struct buf store;

	buf_init(&store, STORE_MAX);
	if (unpack(slice_of(data, size), &store, &out, &fault) == OK) {
		assert(out.gzips + out.zips <= UNPACK_LAYERS_MAX);
		(void)unpack_label_fits(&out,
		                        slice_of(data, size < 20 ? size : 20)); /* any answer */
	} else {
		assert(fault.code != FAULT_NONE && fault.why != NULL);
	}
	assert(out.inflated <= STORE_MAX + 1u);
	buf_fini(&store);
	return 0;
}
