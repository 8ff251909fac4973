/* Extensions of a ClientHello: a name that is taken is clean and reads as itself. */
#include <assert.h>

#include "wire/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	size_t len = strlen(name);
	char again[TLS_NAME_SIZE], ext[5 + TLS_NAME_SIZE];

	assert(len > 0 && len < TLS_NAME_SIZE && name[0] != '.' && name[len - 1] != '.');
	for (size_t i = 0; i < len; i++)
		assert(!(name[i] >= 'A' && name[i] <= 'Z') && name[i] > ' ');
	memcpy(ext,
	       (char[]){ (char)((len + 3) >> 8), (char)(len + 3), 0, (char)(len >> 8), (char)len },
	       5);
	memcpy(ext + 5, name, len + 1);
	assert(tls_sni_parse(slice_of(ext, len + 5), again) == OK && strcmp(again, name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_alpn alpn = { .count = 0 };
	char name[TLS_NAME_SIZE];

	if (tls_sni_parse(slice_of(data, size), name) == OK)
		check_name(name);
	if (tls_alpn_parse(slice_of(data, size), &alpn) == OK)
		assert(alpn.count > 0 && alpn.count >= (size_t)alpn.http11 + alpn.acme);
	return 0;
}
