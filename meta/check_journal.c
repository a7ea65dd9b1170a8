/* Checks that the journal's rows, the records and trees of names that lead to them, the objects that they are of and the sums
 * agree. */
#include "checking.h"
#include "journal.h"
#include "records.h"
#include "tree.h"

/* What is wrong with a row whose record is whole. NULL: nothing. */
static const char *skr_journal_fault(struct skr_check *check, const struct skr_journal_entry *entry, struct skr_error *err)
{
    struct skr_journal_entry found;
    struct skr_bytes record;
    const struct skr_root *root = skr_root_find(check, entry->journal_node);
    if (root == NULL || root->kind != SKR_ROOT_JOURNAL || root->objects_node == 0) /* of a container that was removed */
        return skr_tally_count(&check->journal_leaves, entry->sequence) >= 1 ? NULL : "belongs to no container";
    struct skr_container nodes = {.objects_node = root->objects_node, .journal_node = entry->journal_node};
    if (skr_journal_get(check->view, &nodes, entry->key, &found, err) != SKR_OK || found.sequence != entry->sequence)
        return "is not the one that its name leads to";
    if (entry->what & SKR_JOURNAL_DELETE)
        return NULL;
    return skr_tree_get(check->view, root->objects_node, entry->key, &record, err) == SKR_OK ? NULL : "is of no object";
}

static enum skr_status skr_visit_journal(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                         struct skr_error *err)
{
    struct skr_journal_entry entry = {.sequence = key.size == 8 ? skr_get_be64(key.data) : 0};
    check->out->dirty++;
    if (entry.sequence == 0 || skr_journal_entry_decode(value, &entry, err) != SKR_OK) {
        skr_check_problem(check, "an entry of the journal is damaged");
        *keep = false;
        return SKR_OK;
    }
    const char *fault = skr_journal_fault(check, &entry, err);
    *keep = fault == NULL;
    if (*keep)
        skr_journal_tell(&check->journal, &entry, true);
    else
        skr_check_problem(check, "the journal's entry of '%.*s' %s", SKR_PRINT(entry.key), fault);
    return SKR_OK;
}

void skr_check_journal_record(struct skr_check *check, struct skr_bytes record)
{
    struct skr_object_head head;
    if (skr_object_head_decode(record, &head, NULL) == SKR_OK && head.journal_sequence != 0 &&
        skr_journal_has(check->view, head.journal_sequence))
        skr_tally_add(check, &check->journal_leaves, head.journal_sequence);
}

bool skr_check_journal_leaf(struct skr_check *check, struct skr_bytes record)
{
    struct skr_journal_entry entry;
    uint64_t sequence;
    if (!skr_journal_leaf_sequence(record, &sequence) || skr_journal_at(check->view, sequence, &entry, NULL) != SKR_OK)
        return false;
    skr_tally_add(check, &check->journal_leaves, sequence);
    return true;
}

/* Names whose entry a repair dropped. The tally is done with. */
static enum skr_status skr_drop_journal_leaf(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                             struct skr_error *err)
{
    struct skr_dirent dirent;
    const struct skr_root *root = skr_node_root(check, skr_get_be64(key.data));
    *keep = root == NULL || root->kind != SKR_ROOT_JOURNAL || skr_dirent_decode(value, &dirent, err) != SKR_OK ||
            dirent.interior || skr_check_journal_leaf(check, dirent.record);
    return SKR_OK;
}

enum skr_status skr_check_journal(struct skr_check *check, struct skr_error *err)
{
    struct skr_journal_numbers claimed;
    if (check->view->meta->tables[SKR_TABLE_JOURNAL] == 0)
        return SKR_OK;
    check->journal = (struct skr_journal_numbers){.entries = 0};
    check->out->dirty = 0;
    skr_tally_sort(&check->journal_leaves);
    enum skr_status status = skr_check_table(check, SKR_TABLE_JOURNAL, skr_visit_journal, err);
    if (status == SKR_OK && check->repair && check->out->dirty != check->journal.entries)
        status = skr_check_table(check, SKR_TABLE_DIRENTS, skr_drop_journal_leaf, err);
    if (status == SKR_OK && check->repair && check->out->dirty != check->journal.entries)
        status = skr_check_table(check, SKR_TABLE_NODES, skr_visit_node, err);
    if (status != SKR_OK)
        return status;
    status = skr_journal_numbers(check->view, &claimed, err);
    if (status == SKR_OK && claimed.entries == check->journal.entries && claimed.bytes == check->journal.bytes &&
        claimed.failed == check->journal.failed && claimed.conflicts == check->journal.conflicts)
        return SKR_OK;
    if (status != SKR_OK && status != SKR_CORRUPT)
        return status;
    if (check->journal.entries == check->out->dirty) /* else the sums are right once what was reported is gone */
        skr_check_problem(check, "the journal has %llu entries with %llu bytes and claims %llu with %llu",
                          (unsigned long long)check->journal.entries, (unsigned long long)check->journal.bytes,
                          (unsigned long long)claimed.entries, (unsigned long long)claimed.bytes);
    if (check->repair)
        skr_journal_count(check->view, &check->journal);
    return SKR_OK;
}
