/* The journal's rows, for those that check and collect them. */
#ifndef SKERRY_META_JOURNAL_H
#define SKERRY_META_JOURNAL_H

#include "meta_private.h"

/* `entry->sequence` is set by the caller. */
enum skr_status skr_journal_entry_decode(struct skr_bytes value, struct skr_journal_entry *entry, struct skr_error *err);
/* Of the record of a leaf in a journal's tree. False: it is none. */
bool skr_journal_leaf_sequence(struct skr_bytes record, uint64_t *sequence);
/* The leaf is gone: its row, too. */
enum skr_status skr_journal_forget(struct skr_view *view, struct skr_bytes record, struct skr_error *err);
/* Replaces the sums: for what follows in the transaction, and in the row once all its changes are made. */
void skr_journal_count(struct skr_view *view, const struct skr_journal_numbers *numbers);
/* Adds one entry to sums, or takes it off. */
void skr_journal_tell(struct skr_journal_numbers *numbers, const struct skr_journal_entry *entry, bool comes);

#endif
