/* Drives a fuzz target where libFuzzer is not: over the inputs in the folders that are named, over some thousands of mutations
 * of them, always the same ones, and over as many bytes without a meaning. So every build and every test run has the targets.
 *
 *   replay ROUNDS [FOLDER...]
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state = 0x9E3779B97F4A7C15;

static size_t below(size_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % limit);
}

static size_t mutate(uint8_t *data, size_t size)
{
    for (size_t steps = below(4) + 1; steps > 0; steps--) {
        size_t at = size == 0 ? 0 : below(size), length = size == 0 ? 0 : below(size - at) + 1;
        switch (below(5)) {
        case 0: /* a byte is another */
            if (size > 0)
                data[at] = (uint8_t)below(256);
            break;
        case 1: /* a bit is */
            if (size > 0)
                data[at] ^= (uint8_t)(1u << below(8));
            break;
        case 2: /* a part is gone */
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
            break;
        case 3: /* a part is there twice */
            if (size + length <= MOST_BYTES) {
                memmove(data + at + length, data + at, size - at);
                size += length;
            }
            break;
        default: /* it ends here */
            size = at;
        }
    }
    return size;
}

/* The target may keep nothing of its input, and sees no byte behind it: sanitizers would tell. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        abort();
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static size_t run_file(const char *path, unsigned rounds)
{
    static uint8_t input[MOST_BYTES], changed[MOST_BYTES];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    size_t size = fread(input, 1, sizeof input, file);
    fclose(file);
    run(input, size);
    for (unsigned i = 0; i < rounds; i++) {
        memcpy(changed, input, size);
        run(changed, mutate(changed, size));
    }
    return 1;
}

static size_t run_folder(const char *folder, unsigned rounds)
{
    struct dirent *entry;
    size_t files = 0;
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return 0;
    while ((entry = readdir(directory)) != NULL) {
        char path[4096];
        if (entry->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path)
            files += run_file(path, rounds);
    }
    closedir(directory);
    return files;
}

static void run_noise(unsigned rounds)
{
    static uint8_t noise[512];
    for (unsigned i = 0; i < rounds; i++) {
        size_t size = below(sizeof noise);
        for (size_t j = 0; j < size; j++)
            noise[j] = (uint8_t)below(256);
        run(noise, size);
    }
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    for (int i = 2; i < argc; i++)
        if (run_folder(argv[i], rounds) == 0) {
            fprintf(stderr, "there are no inputs in %s\n", argv[i]);
            return 1;
        }
    run_noise(rounds);
    return 0;
}
