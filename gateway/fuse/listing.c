/* Why a list is kept: an offset into a directory has to lead on where it was while files come and go, and keys have no numbers.
 * It is filled a page at a time, as far as somebody reads.
 *
 * "a" comes long before "a/" in the order of keys ("a-1" is between them), and is not shown when that is there: a page goes on
 * until that is known of all of its files.
 */
#include "listing.h"

#define SKR_MOST_UNDECIDED 64

struct skr_listing *skr_listing_open(struct skr_node *node)
{
    struct skr_listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL)
        return NULL;
    listing->node = node;
    listing->page = malloc((SKR_LISTING_PAGE + SKR_LISTING_PAGE) * sizeof *listing->page);
    pthread_mutex_init(&listing->lock, NULL);
    return listing;
}

void skr_listing_rewind(struct skr_listing *listing)
{
    skr_arena_release(&listing->names);
    listing->count = listing->page_start = listing->from_size = 0;
    listing->prefix = SKR_NO_BYTES;
    listing->at_end = false;
    listing->hidden = 0;
}

void skr_listing_close(struct skr_listing *listing)
{
    skr_listing_rewind(listing);
    pthread_mutex_destroy(&listing->lock);
    free(listing->entries);
    free(listing->page);
    free(listing);
}

/* ---- a page ---- */

/* One page on its way. */
struct skr_page {
    struct skr_listing *listing;
    size_t undecided[SKR_MOST_UNDECIDED]; /* files whose name may turn out to be a directory's, too */
    size_t undecided_count;
    bool is_full, no_memory;
};

static bool skr_page_add(struct skr_page *page, struct skr_bytes name, const struct skr_facts *facts)
{
    struct skr_listing *listing = page->listing;
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
        struct skr_listed *grown = realloc(listing->entries, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        listing->entries = grown;
        listing->capacity = capacity;
    }
    struct skr_bytes copy = skr_arena_copy(&listing->names, name);
    if (copy.data == NULL || listing->page == NULL)
        return false;
    listing->page[listing->count - listing->page_start] = *facts;
    listing->entries[listing->count++] = (struct skr_listed){copy.data, (uint32_t)copy.size, facts->kind, facts->object_id};
    return true;
}

/* Where the listing goes on behind a key. */
static void skr_page_set_from(struct skr_listing *listing, struct skr_bytes key, bool is_prefix)
{
    if (key.size == 0 || key.size > SKR_MAX_KEY_BYTES)
        return;
    memcpy(listing->from, key.data, key.size);
    listing->from_size = key.size;
    if (is_prefix)
        listing->from[key.size - 1]++; /* behind all that begins with it */
    else
        listing->from[listing->from_size++] = '\0'; /* no key holds one */
}

/* How a name with a slash at its end compares to a key's part behind the prefix. */
static int skr_compare_directory(struct skr_bytes name, struct skr_bytes rest)
{
    size_t common = name.size < rest.size ? name.size : rest.size;
    int order = memcmp(name.data, rest.data, common);
    if (order != 0)
        return order;
    if (rest.size <= name.size)
        return 1;
    return '/' - (int)(unsigned char)rest.data[name.size];
}

/* The listing stands at `rest`: which files cannot be directories any more? */
static void skr_page_decide(struct skr_page *page, struct skr_bytes rest)
{
    size_t kept = 0;
    for (size_t i = 0; i < page->undecided_count; i++) {
        const struct skr_listed *entry = &page->listing->entries[page->undecided[i]];
        struct skr_bytes name = {entry->name, entry->name_size};
        if (skr_compare_directory(name, rest) > 0)
            page->undecided[kept++] = page->undecided[i];
    }
    page->undecided_count = kept;
}

/* A directory: is there a file of that name in the page? It is not shown; a directory made of an object is the same directory.
 * True: the directory is there already. */
static bool skr_page_replace(struct skr_page *page, struct skr_bytes name)
{
    for (size_t i = 0; i < page->undecided_count; i++) {
        struct skr_listed *entry = &page->listing->entries[page->undecided[i]];
        if (!skr_bytes_equal((struct skr_bytes){entry->name, entry->name_size}, name))
            continue;
        if (entry->kind == SKR_FILE_DIRECTORY)
            return true;
        entry->name = NULL;
        page->listing->hidden++;
        page->undecided[i] = page->undecided[--page->undecided_count];
        return false;
    }
    return false;
}

static bool skr_page_visit(void *context, const struct skr_list_entry *entry)
{
    struct skr_page *page = context;
    struct skr_listing *listing = page->listing;
    struct skr_bytes rest = {entry->key.data + listing->prefix.size, entry->key.size - listing->prefix.size};
    struct skr_bytes name = {rest.data, rest.size - (entry->is_prefix && rest.size > 0)};
    struct skr_facts facts = {.kind = SKR_FILE_DIRECTORY};
    size_t loaded = listing->count - listing->page_start;
    if (entry->is_cut || loaded >= 2 * SKR_LISTING_PAGE || (loaded >= SKR_LISTING_PAGE && page->undecided_count == 0)) {
        page->is_full = true;
        if (entry->is_cut && entry->key.size <= SKR_MAX_KEY_BYTES) {
            memcpy(listing->from, entry->key.data, entry->key.size);
            listing->from_size = entry->key.size;
        }
        return false;
    }
    skr_page_set_from(listing, entry->key, entry->is_prefix);
    if (rest.size == 0)
        return true; /* the directory's own marker */
    bool is_shown = skr_is_component(name);
    listing->hidden += !is_shown;
    if (is_shown && entry->is_prefix)
        is_shown = !skr_page_replace(page, name);
    skr_page_decide(page, rest);
    if (!is_shown)
        return true;
    if (!entry->is_prefix)
        skr_facts_of_object(&facts, skr_file_kind_of(entry->key, entry->object), entry->object);
    page->no_memory = !skr_page_add(page, name, &facts);
    if (!entry->is_prefix && page->undecided_count < SKR_MOST_UNDECIDED)
        page->undecided[page->undecided_count++] = listing->count - 1;
    return !page->no_memory;
}

/* Files of which the page did not tell: a look at each. */
static void skr_page_settle(struct skr_errand *errand, struct skr_page *page)
{
    struct skr_listing *listing = page->listing;
    for (size_t i = 0; i < page->undecided_count; i++) {
        struct skr_listed *entry = &listing->entries[page->undecided[i]];
        struct skr_bytes path;
        struct skr_facts facts;
        if (entry->kind == SKR_FILE_DIRECTORY || !skr_nodes_path(&errand->mount->nodes, &errand->arena, listing->node,
                                                                 (struct skr_bytes){entry->name, entry->name_size}, &path))
            continue;
        if (skr_find_known(errand, listing->node->place, path, &facts, NULL) != SKR_OK || facts.kind != SKR_FILE_DIRECTORY)
            continue;
        entry->kind = SKR_FILE_DIRECTORY; /* what comes later of that name is the same directory */
        listing->hidden++;
        listing->page[page->undecided[i] - listing->page_start] = facts;
    }
}

static int skr_page_of_objects(struct skr_errand *errand, struct skr_page *page)
{
    struct skr_listing *listing = page->listing;
    struct skr_list_options options = {.account = errand->mount->options.account,
                                       .container = listing->node->place->container,
                                       .prefix = listing->prefix,
                                       .delimiter = SKR_BYTES("/"),
                                       .from = {listing->from, listing->from_size}};
    struct skr_remote_listing *remote;
    char from[sizeof listing->from];
    memcpy(from, listing->from, listing->from_size); /* it moves on while the page comes */
    options.from.data = from;
    enum skr_status status = skr_find_listing(errand, &options, SKR_LISTING_PAGE, &remote);
    options.remote = remote;
    if (status == SKR_OK)
        status = skr_list_objects(errand->caller->worker, &options, skr_page_visit, page, &errand->error);
    skr_remote_listing_close(remote);
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "listing a directory");
    if (page->is_full)
        skr_page_settle(errand, page);
    return 0;
}

static bool skr_page_visit_container(void *context, struct skr_bytes name, const struct skr_container *container)
{
    struct skr_page *page = context;
    struct skr_facts facts = {.kind = SKR_FILE_DIRECTORY, .modified_ns = container->modified_ns};
    skr_container_attributes_of(container, &facts.attributes);
    page->is_full = page->listing->count - page->listing->page_start >= SKR_LISTING_PAGE;
    if (page->is_full)
        return false;
    skr_page_set_from(page->listing, name, false);
    page->no_memory = !skr_page_add(page, name, &facts);
    return !page->no_memory;
}

static int skr_page_of_containers(struct skr_errand *errand, struct skr_page *page)
{
    struct skr_listing *listing = page->listing;
    struct skr_bytes from = {listing->from, listing->from_size};
    char copy[sizeof listing->from];
    memcpy(copy, listing->from, listing->from_size);
    from.data = copy;
    enum skr_status status = skr_list_containers(errand->caller->worker, &errand->arena, errand->mount->options.account,
                                                 SKR_NO_BYTES, from, skr_page_visit_container, page, &errand->error);
    return status == SKR_OK || status == SKR_ACCOUNT_NOT_FOUND ? 0 : skr_errand_fail(errand, status, "listing containers");
}

/* "path/" */
static bool skr_listing_set_prefix(struct skr_errand *errand, struct skr_listing *listing)
{
    struct skr_bytes path;
    if (listing->prefix.data != NULL || skr_lists_containers(listing->node))
        return true;
    if (!skr_nodes_path(&errand->mount->nodes, &errand->arena, listing->node, SKR_NO_BYTES, &path))
        return false;
    char *prefix = skr_arena_alloc(&listing->names, path.size + 1);
    if (prefix == NULL)
        return false;
    memcpy(prefix, path.data, path.size);
    prefix[path.size] = '/';
    listing->prefix = (struct skr_bytes){prefix, path.size + (path.size > 0)};
    return true;
}

static int skr_listing_load(struct skr_errand *errand, struct skr_listing *listing)
{
    struct skr_page page = {.listing = listing};
    listing->page_start = listing->count;
    if (!skr_listing_set_prefix(errand, listing)) {
        listing->at_end = true; /* it was removed meanwhile */
        return 0;
    }
    int failed =
        skr_lists_containers(listing->node) ? skr_page_of_containers(errand, &page) : skr_page_of_objects(errand, &page);
    if (failed != 0)
        return failed;
    if (page.no_memory)
        return ENOMEM;
    listing->at_end = !page.is_full;
    if (listing->at_end)
        skr_nodes_set_hidden(&errand->mount->nodes, listing->node, listing->hidden);
    return 0;
}

int skr_listing_entry(struct skr_errand *errand, struct skr_listing *listing, size_t index, const struct skr_listed **out)
{
    while (index >= listing->count && !listing->at_end) {
        int failed = skr_listing_load(errand, listing);
        if (failed != 0)
            return failed;
    }
    *out = index < listing->count ? &listing->entries[index] : NULL;
    return 0;
}

bool skr_listing_facts(const struct skr_listing *listing, size_t index, struct skr_facts *facts)
{
    if (index < listing->page_start || index >= listing->count)
        return false;
    *facts = listing->page[index - listing->page_start];
    return true;
}
