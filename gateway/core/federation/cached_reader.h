/* The part of a reader that fetches what is not here of a cached content. Owned by its worker's thread. */
#ifndef SKERRY_CORE_CACHED_READER_H
#define SKERRY_CORE_CACHED_READER_H

#include "flights.h"

struct skr_cached_reader;

enum skr_status skr_cached_reader_new(struct skr_worker *worker, const struct skr_content *content,
                                      struct skr_cached_reader **out, struct skr_error *err);
/* What upstream is about to bring, of which metadata need not know yet: where it comes from, and the flight of the chunk that
 * is read first. */
struct skr_arrival {
    struct skr_content content;
    struct skr_origin origin;
    struct skr_bound *bound;
    struct skr_flight *flight;
};
/* A reader of that; the texts are copied, and references added. */
enum skr_status skr_cached_reader_arriving(struct skr_worker *worker, const struct skr_arrival *arrival,
                                           struct skr_cached_reader **out, struct skr_error *err);
void skr_cached_reader_free(struct skr_cached_reader *reader); /* NULL-safe */
/* Bytes up to `end` of the content will be read, one after the other: what is fetched ahead ends there. */
void skr_cached_reader_expect(struct skr_cached_reader *reader, uint64_t end);

#define SKR_CACHED_IS_HERE ((ssize_t)-2)
/* Bytes from `offset`, as skr_reader_read() has them, out of a flight; SKR_CACHED_IS_HERE: look into the store. `missing`: the
 * store was asked, and does not have them. */
ssize_t skr_cached_read(struct skr_cached_reader *reader, uint64_t offset, void *buffer, size_t size, bool missing,
                        void (*ready)(void *context), void *context);
/* The bytes that the store has there do not match their checksum: they are dropped, and `ready` is called when they can be
 * fetched anew. False: that is not worth another try. */
bool skr_cached_repair(struct skr_cached_reader *reader, uint64_t offset, void (*ready)(void *context), void *context);

#endif
