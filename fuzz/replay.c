/* Runs a fuzz target over files and folders, for compilers without libFuzzer: replay PATH... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t size = 0;

	if (f == NULL) {
		perror(path);
		return 0;
	}
	if (fseek(f, 0, SEEK_END) == 0 && ftell(f) > 0)
		size = (size_t)ftell(f);
	rewind(f);
	uint8_t *data = malloc(size == 0 ? 1 : size); /* exact: reading past the end is seen */
	if (data == NULL || fread(data, 1, size, f) != size)
		exit(1);
	(void)fclose(f);                          /* only read */
	(void)LLVMFuzzerTestOneInput(data, size); /* laws are asserted inside */
	free(data);
	return 1;
}

static int replay_folder(const char *path, DIR *dir)
{
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(dir)) != NULL) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) < (int)sizeof(name))
			count += replay_file(name);
	}
	(void)closedir(dir); /* only read */
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);

		count += dir != NULL ? replay_folder(argv[i], dir) : replay_file(argv[i]);
	}
	printf("%d inputs\n", count);
	return count > 0 ? 0 : 1;
}
