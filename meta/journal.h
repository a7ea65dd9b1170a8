/* The journal's rows, for those that check and collect them, and for those that move what leads to them.
 *
 * A name's entry is found by the record of its object, which holds a sequence, or else, where there is no such object, by the
 * container's tree of dirty names. The sequence in a record counts while there is a row of it that has the record's name: it
 * stays when the entry goes, and comes along with a record that gets another name.
 */
#ifndef SKERRY_META_JOURNAL_H
#define SKERRY_META_JOURNAL_H

#include "meta_private.h"

/* `entry->sequence` is set by the caller. */
enum skr_status skr_journal_entry_decode(struct skr_bytes value, struct skr_journal_entry *entry, struct skr_error *err);
/* Of the record of a leaf in a journal's tree. False: it is none. */
bool skr_journal_leaf_sequence(struct skr_bytes record, uint64_t *sequence);
/* What led to it is gone with its container: the row, too. */
enum skr_status skr_journal_forget(struct skr_view *view, uint64_t sequence, struct skr_error *err);
/* Is there a row of this sequence? */
bool skr_journal_has(struct skr_view *view, uint64_t sequence);
/* The record at a key, which led to this sequence, goes or is about to lead elsewhere: its entry, if it has one, is found by
 * the tree of dirty names from now on. */
enum skr_status skr_journal_part(struct skr_view *view, struct skr_bytes key, uint64_t sequence, struct skr_error *err);
/* Replaces the sums: for what follows in the transaction, and in the row once all its changes are made. */
void skr_journal_count(struct skr_view *view, const struct skr_journal_numbers *numbers);
/* Adds one entry to sums, or takes it off. */
void skr_journal_tell(struct skr_journal_numbers *numbers, const struct skr_journal_entry *entry, bool comes);

#endif
