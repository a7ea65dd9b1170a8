/* Why: blocks of one blob that lie side by side in one file become few extents, which are read sequentially and copied by
 * nobody. Invariant: an entry holds one pin on its file id from its creation until it left the table and its last user gave it
 * back. */
#include "slots.h"

#include <stdlib.h>
#include <time.h>

#include "state.h"

struct skr_upload_file {
    struct skr_upload_file *next;
    struct skr_slots *slots;
    uint64_t hash, upload_id;
    size_t users; /* blocks under way */
    bool in_table;
    int64_t touched_s; /* CLOCK_MONOTONIC */
    size_t name_size;
    char name[]; /* account NUL container NUL key */
};

static int64_t skr_monotonic_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

static uint64_t skr_hash_bytes(uint64_t hash, struct skr_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001B3);
    return (hash ^ 0xFF) * UINT64_C(0x100000001B3);
}

static uint64_t skr_hash_upload(const struct skr_object_name *name, uint64_t upload_id)
{
    uint64_t hash =
        skr_hash_bytes(skr_hash_bytes(skr_hash_bytes(UINT64_C(0xCBF29CE484222325), name->account), name->container), name->key);
    return skr_hash_bytes(hash, (struct skr_bytes){(const char *)&upload_id, sizeof upload_id});
}

static size_t skr_flat_name(char *out, const struct skr_object_name *name)
{
    const struct skr_bytes parts[] = {name->account, name->container, name->key};
    size_t size = 0;
    for (size_t i = 0; i < 3; i++) {
        if (out != NULL && parts[i].size > 0)
            memcpy(out + size, parts[i].data, parts[i].size);
        size += parts[i].size;
        if (i < 2) {
            if (out != NULL)
                out[size] = '\0';
            size++;
        }
    }
    return size;
}

static bool skr_upload_file_is(const struct skr_upload_file *file, uint64_t hash, const struct skr_object_name *name,
                               uint64_t upload_id)
{
    struct skr_bytes rest = {file->name, file->name_size};
    if (file->hash != hash || file->upload_id != upload_id ||
        rest.size != name->account.size + name->container.size + name->key.size + 2)
        return false;
    return memcmp(rest.data, name->account.data, name->account.size) == 0 &&
           memcmp(rest.data + name->account.size + 1, name->container.data, name->container.size) == 0 &&
           memcmp(rest.data + name->account.size + name->container.size + 2, name->key.data, name->key.size) == 0;
}

/* Where the entry of a name is linked, or the end of its chain. Under the lock. */
static struct skr_upload_file **skr_upload_slots_find(struct skr_upload_slots *uploads, const struct skr_object_name *name,
                                                      uint64_t upload_id, uint64_t hash)
{
    struct skr_upload_file **link = &uploads->buckets[hash & (uploads->bucket_count - 1)];
    while (*link != NULL && !skr_upload_file_is(*link, hash, name, upload_id))
        link = &(*link)->next;
    return link;
}

static void skr_upload_file_free(struct skr_core *core, struct skr_upload_file *file)
{
    skr_pins_drop(&core->pins, skr_slots_file_id(file->slots));
    skr_slots_release(file->slots);
    free(file);
}

/* Takes an entry out of the table; it lives on while blocks are under way. Under the lock. */
static void skr_upload_slots_unlink(struct skr_core *core, struct skr_upload_file **link)
{
    struct skr_upload_file *file = *link;
    *link = file->next;
    file->in_table = false;
    core->uploads.entry_count--;
    if (file->users == 0)
        skr_upload_file_free(core, file);
}

enum skr_status skr_upload_slots_open(struct skr_upload_slots *uploads, struct skr_error *err)
{
    uploads->bucket_count = 1024;
    uploads->entry_count = 0;
    uploads->buckets = calloc(uploads->bucket_count, sizeof(struct skr_upload_file *));
    if (uploads->buckets == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the table of uploads");
    pthread_mutex_init(&uploads->lock, NULL);
    return SKR_OK;
}

void skr_upload_slots_close(struct skr_upload_slots *uploads)
{
    if (uploads->buckets == NULL)
        return;
    free(uploads->buckets);
    pthread_mutex_destroy(&uploads->lock);
}

static struct skr_upload_file *skr_upload_file_new(struct skr_core *core, const struct skr_object_name *name,
                                                   uint64_t upload_id, uint64_t hash, struct skr_error *err)
{
    size_t size = skr_flat_name(NULL, name);
    struct skr_upload_file *file = calloc(1, sizeof *file + size);
    if (file == NULL) {
        skr_fail(err, SKR_NO_MEMORY, "no memory for an upload");
        return NULL;
    }
    if (skr_slots_open(core->store, &file->slots, err) != SKR_OK) {
        free(file);
        return NULL;
    }
    if (!skr_pins_add(&core->pins, skr_slots_file_id(file->slots))) {
        skr_slots_release(file->slots);
        free(file);
        skr_fail(err, SKR_NO_MEMORY, "no memory for an upload");
        return NULL;
    }
    file->hash = hash;
    file->upload_id = upload_id;
    file->name_size = size;
    skr_flat_name(file->name, name);
    return file;
}

enum skr_status skr_upload_slots_acquire(struct skr_core *core, const struct skr_object_name *name, uint64_t upload_id,
                                         struct skr_upload_file **out, struct skr_error *err)
{
    struct skr_upload_slots *uploads = &core->uploads;
    uint64_t hash = skr_hash_upload(name, upload_id);
    pthread_mutex_lock(&uploads->lock);
    struct skr_upload_file *file = *skr_upload_slots_find(uploads, name, upload_id, hash);
    if (file == NULL) {
        file = skr_upload_file_new(core, name, upload_id, hash, err);
        if (file == NULL) {
            pthread_mutex_unlock(&uploads->lock);
            return err->status;
        }
        struct skr_upload_file **bucket = &uploads->buckets[hash & (uploads->bucket_count - 1)];
        file->next = *bucket;
        *bucket = file;
        file->in_table = true;
        uploads->entry_count++;
    }
    file->users++;
    file->touched_s = skr_monotonic_s();
    pthread_mutex_unlock(&uploads->lock);
    *out = file;
    return SKR_OK;
}

struct skr_slots *skr_upload_file_slots(struct skr_upload_file *file)
{
    return file->slots;
}

void skr_upload_slots_give_back(struct skr_core *core, struct skr_upload_file *file)
{
    pthread_mutex_lock(&core->uploads.lock);
    file->users--;
    file->touched_s = skr_monotonic_s();
    if (file->users == 0 && !file->in_table)
        skr_upload_file_free(core, file);
    pthread_mutex_unlock(&core->uploads.lock);
}

void skr_upload_slots_forget(struct skr_core *core, const struct skr_object_name *name, uint64_t upload_id)
{
    uint64_t hash = skr_hash_upload(name, upload_id);
    pthread_mutex_lock(&core->uploads.lock);
    struct skr_upload_file **link = skr_upload_slots_find(&core->uploads, name, upload_id, hash);
    if (*link != NULL)
        skr_upload_slots_unlink(core, link);
    pthread_mutex_unlock(&core->uploads.lock);
}

void skr_upload_slots_expire(struct skr_core *core, int64_t before_s)
{
    pthread_mutex_lock(&core->uploads.lock);
    for (size_t i = 0; i < core->uploads.bucket_count && core->uploads.entry_count > 0; i++) {
        struct skr_upload_file **link = &core->uploads.buckets[i];
        while (*link != NULL) {
            if ((*link)->users == 0 && (*link)->touched_s < before_s)
                skr_upload_slots_unlink(core, link);
            else
                link = &(*link)->next;
        }
    }
    pthread_mutex_unlock(&core->uploads.lock);
}
