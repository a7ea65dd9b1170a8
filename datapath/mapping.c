/* Verified bytes where they lie: in the page cache, seen through a mapping of their file. Sent from there they are copied once
 * less than bytes that were read.
 *
 * A mapping is touched only where the pages are in memory already, so that a reactor does not wait for the disk. What happens
 * to a page in the moment between is not in our hands: taken away by the kernel it is read anew, and where that fails the
 * kernel says so with SIGBUS, which is caught here. Whoever passes the bytes to a system call gets EFAULT instead.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#include "files.h"
#include "mapping.h"

#define SKR_MAX_LENT_PAGES (SKR_MAX_CHUNKS * SKR_CRC_CHUNK_BYTES / 4096)
#define SKR_MAX_MAPPED_FILES 16384 /* a quarter of what the kernel allows a process by default (vm.max_map_count) */

static _Thread_local sigjmp_buf *skr_mapping_escape; /* where to go on when memory turns out not to be there */
static struct sigaction skr_mapping_previous;        /* what SIGBUS did before. Written once */

static void skr_mapping_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    if (skr_mapping_escape != NULL) { /* with the signals blocked that were so before: saving them each time costs a call */
        pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, NULL);
        siglongjmp(*skr_mapping_escape, 1);
    }
    sigaction(SIGBUS, &skr_mapping_previous, NULL); /* somebody else's: it comes again at once */
}

static void skr_mapping_catch(void)
{
    struct sigaction action = {.sa_sigaction = skr_mapping_fault, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &skr_mapping_previous);
}

void skr_mapping_open(struct skr_mappings *mappings)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, skr_mapping_catch);
    mappings->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    mappings->limit_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * mappings->page_bytes;
}

/* ---- mappings ---- */

static void skr_mapping_give_back(struct skr_mappings *mappings, uint64_t size)
{
    atomic_fetch_sub_explicit(&mappings->mapped_bytes, size, memory_order_relaxed);
    atomic_fetch_sub_explicit(&mappings->mapped_files, 1, memory_order_relaxed);
}

/* Whether one more of this size may be mapped. What a mapping costs is page tables, 1/512 of it; more than memory is not in the
 * page cache anyway. */
static bool skr_mapping_take(struct skr_store *store, uint64_t size)
{
    struct skr_mappings *mappings = &store->mappings;
    for (int attempt = 0; attempt < 2 && size <= mappings->limit_bytes; attempt++) {
        bool has_room =
            atomic_fetch_add_explicit(&mappings->mapped_bytes, size, memory_order_relaxed) + size <= mappings->limit_bytes;
        has_room &= atomic_fetch_add_explicit(&mappings->mapped_files, 1, memory_order_relaxed) < SKR_MAX_MAPPED_FILES;
        if (has_room)
            return true;
        skr_mapping_give_back(mappings, size);
        if (attempt == 0)
            skr_files_shrink(store);
    }
    return false;
}

/* Maps what the file has now; what comes later, as blocks of an upload do, is read. */
static const unsigned char *skr_mapping_map(struct skr_store *store, struct skr_file *file)
{
    struct stat info;
    if (atomic_load_explicit(&file->mapping_tried, memory_order_relaxed) || atomic_exchange(&file->mapping_tried, true) ||
        fstat(file->fd, &info) != 0 || info.st_size < SKR_STORE_MIN_LENT_BYTES ||
        !skr_mapping_take(store, (uint64_t)info.st_size))
        return NULL;
    void *mapped = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, file->fd, 0);
    if (mapped == MAP_FAILED) {
        skr_mapping_give_back(&store->mappings, (uint64_t)info.st_size);
        return NULL;
    }
    file->mapped_bytes = (size_t)info.st_size;
    atomic_store_explicit(&file->mapped, mapped, memory_order_release);
    return mapped;
}

void skr_mapping_unmap(struct skr_store *store, struct skr_file *file)
{
    unsigned char *mapped = atomic_load(&file->mapped);
    if (mapped == NULL)
        return;
    munmap(mapped, file->mapped_bytes);
    skr_mapping_give_back(&store->mappings, file->mapped_bytes);
}

/* ---- lending ---- */

static bool skr_mapping_is_in_memory(size_t page_bytes, const unsigned char *bytes, size_t size)
{
    unsigned char pages[SKR_MAX_LENT_PAGES];
    size_t before = (uintptr_t)bytes % page_bytes, count = (before + size + page_bytes - 1) / page_bytes;
    if (count > sizeof pages || mincore((void *)(bytes - before), before + size, pages) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!(pages[i] & 1))
            return false;
    return true;
}

static bool skr_mapping_matches(const unsigned char *bytes, size_t size, const uint32_t *crc32c)
{
    sigjmp_buf escape;
    bool matches = false;
    if (sigsetjmp(escape, 0) == 0) {
        skr_mapping_escape = &escape;
        matches = skr_chunks_match(bytes, size, crc32c);
    }
    skr_mapping_escape = NULL;
    return matches;
}

bool skr_store_lend(struct skr_store *store, const struct skr_read *read, bool wait, const void **bytes)
{
    struct skr_file *file = read->file;
    const unsigned char *mapped = atomic_load_explicit(&file->mapped, memory_order_acquire);
    if (mapped == NULL && atomic_load_explicit(&file->in_memory, memory_order_relaxed))
        mapped = skr_mapping_map(store, file);
    if (mapped == NULL || (store->fault != NULL && store->fault->decide(store->fault, SKR_IO_READ) != 0))
        return false;
    uint64_t begin, end;
    if (!skr_read_span(read, &begin, &end) || end > file->mapped_bytes)
        return false;
    size_t size = (size_t)(end - begin);
    if (!wait && !skr_mapping_is_in_memory(store->mappings.page_bytes, mapped + begin, size))
        return false;
    if (!skr_mapping_matches(mapped + begin, size, read->crc32c))
        return false;
    atomic_fetch_add_explicit(&store->counters.read_bytes, read->size_bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->counters.lent_bytes, read->size_bytes, memory_order_relaxed);
    *bytes = mapped + read->offset_bytes;
    return true;
}
