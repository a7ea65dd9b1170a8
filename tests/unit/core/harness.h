/* A core on a temporary data folder, driven from one thread: the tests' stand-in for a reactor. */
#ifndef SKERRY_TESTS_CORE_HARNESS_H
#define SKERRY_TESTS_CORE_HARNESS_H

#include "skerry/core.h"
#include "skerry/inbox.h"

struct harness {
    struct skr_inbox inbox;
    struct skr_core *core;
    struct skr_worker *worker;
    struct skr_io_fault *fault;
    uint64_t upload_lifetime_s; /* 0: long */
    char directory[64];
};

/* The outcome of an asynchronous operation, waited for. */
struct outcome {
    bool called;
    enum skr_status status;
    char message[256];
    char etag[64];
    uint64_t size;
    bool has_object;
    enum skr_object_kind kind;
    int64_t version_ns;
    struct skr_checksum checksum;
    uint64_t upload_id;
    struct skr_block block; /* but for its name */
};

void harness_make(struct harness *harness);            /* a new data folder, opened */
enum skr_status harness_open(struct harness *harness); /* opens the folder again */
void harness_close(struct harness *harness);
void harness_remove(struct harness *harness); /* closes and deletes the folder */
void harness_begin(struct harness *harness);  /* a new data folder with the container "box" */
void harness_end(struct harness *harness);    /* closes, wants the folder whole, and deletes it */
void harness_run(struct harness *harness);    /* one turn of the loop */

void harness_done(void *context, const struct skr_result *result); /* a skr_done for struct outcome */
enum skr_status harness_wait(struct harness *harness, struct outcome *outcome, struct skr_pending *pending);

/* Deterministic bytes: the same for the same seed. */
void harness_fill(void *buffer, size_t size, uint64_t seed);

struct skr_object_name harness_name(const char *container, const char *key);
struct skr_object_name harness_version(const char *container, const char *key, int64_t version_ns);

enum skr_status harness_create_container(struct harness *harness, const char *name);
/* An ingest with `size` bytes of `seed`, finished. NULL and *status when that failed. */
struct skr_ingest *harness_ingest(struct harness *harness, size_t size, uint64_t seed, bool known_size,
                                  const struct skr_object_name *block_of, enum skr_status *status);
/* The same with a checksum, for a part when `upload_id` is not 0. */
struct skr_ingest *harness_ingest_with(struct harness *harness, struct skr_ingest_options options, size_t size, uint64_t seed,
                                       enum skr_status *status);
enum skr_status harness_set_versioning(struct harness *harness, const char *container, enum skr_versioning versioning);
enum skr_status harness_put(struct harness *harness, const char *container, const char *key, size_t size, uint64_t seed);
enum skr_status harness_put_block(struct harness *harness, const char *container, const char *key, const char *block,
                                  size_t size, uint64_t seed);
/* Commits the latest blocks of these names, a zero-terminated string each, ended by NULL. */
enum skr_status harness_commit(struct harness *harness, const char *container, const char *key, const char *const *blocks);
enum skr_status harness_copy(struct harness *harness, const char *container, const char *from, const char *to);
enum skr_status harness_delete(struct harness *harness, const char *container, const char *key);
/* Reads an object, or a version of it, whole. The caller frees *bytes. */
enum skr_status harness_read(struct harness *harness, const struct skr_object_name *name, char **bytes, size_t *size);
enum skr_status harness_get(struct harness *harness, const char *container, const char *key, char **bytes, size_t *size);
/* Is it there, with exactly these bytes? */
bool harness_holds(struct harness *harness, const char *container, const char *key, size_t size, uint64_t seed);
/* Problems that a check of the closed folder finds; prints them. */
uint64_t harness_problems(struct harness *harness, bool verify_bytes);

#endif
