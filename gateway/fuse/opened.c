/* Files that are open: what they share, whoever opened them. */
#include "opened.h"

#include <stdlib.h>

/* ---- sources ---- */

struct skr_source *skr_source_new(struct skr_transport *transport, struct skr_held *held, struct skr_draft *draft)
{
    struct skr_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        skr_held_release(held);
        skr_draft_close(skr_this_caller()->worker, draft);
        return NULL;
    }
    source->uses = 1;
    source->transport = transport;
    source->held = held;
    source->draft = draft;
    return source;
}

void skr_source_drop(struct skr_source *source)
{
    if (source == NULL || atomic_fetch_sub(&source->uses, 1) > 1)
        return;
    skr_backing_close(source->transport, source->backing);
    if (source->draft != NULL)
        skr_draft_close(skr_this_caller()->worker, source->draft);
    skr_held_release(source->held);
    free(source);
}

/* ---- open files ---- */

struct skr_opened *skr_opened_use(struct skr_nodes *nodes, struct skr_node *node, bool make)
{
    pthread_mutex_lock(&nodes->lock);
    struct skr_opened *opened = node->opened;
    if (opened == NULL && make && (opened = calloc(1, sizeof *opened)) != NULL) {
        opened->node = node;
        pthread_mutex_init(&opened->opening, NULL);
        pthread_mutex_init(&opened->publishing, NULL);
        pthread_mutex_init(&opened->lock, NULL);
        node->opened = opened;
        node->uses++;
    }
    if (opened != NULL)
        opened->uses++;
    pthread_mutex_unlock(&nodes->lock);
    return opened;
}

static void skr_opened_undraft(struct skr_nodes *nodes, struct skr_opened *opened)
{
    if (opened->drafted_link == NULL)
        return;
    *opened->drafted_link = opened->next_drafted;
    if (opened->next_drafted != NULL)
        opened->next_drafted->drafted_link = opened->drafted_link;
    opened->drafted_link = NULL;
    nodes->drafts--;
}

void skr_opened_abandon(struct skr_opened *opened)
{
    if (opened == NULL)
        return;
    skr_source_drop(opened->source);
    pthread_mutex_destroy(&opened->opening);
    pthread_mutex_destroy(&opened->publishing);
    pthread_mutex_destroy(&opened->lock);
    free(opened);
}

void skr_opened_done(struct skr_nodes *nodes, struct skr_opened *opened)
{
    if (opened == NULL)
        return;
    struct skr_node *node = opened->node;
    pthread_mutex_lock(&nodes->lock);
    bool is_last = --opened->uses == 0;
    if (is_last) {
        skr_opened_undraft(nodes, opened);
        node->opened = NULL;
    }
    pthread_mutex_unlock(&nodes->lock);
    if (!is_last)
        return;
    skr_opened_abandon(opened);
    skr_nodes_done(nodes, node);
}

bool skr_is_same_content(const struct skr_content *a, const struct skr_content *b)
{
    return a->id == b->id && a->size_bytes == b->size_bytes;
}

bool skr_opened_suits(struct skr_opened *opened, const struct skr_facts *facts)
{
    if (opened == NULL)
        return true;
    pthread_mutex_lock(&opened->lock);
    bool suits = opened->backed == 0 || skr_is_same_content(skr_held_content(opened->source->held), &facts->content);
    pthread_mutex_unlock(&opened->lock);
    return suits;
}

struct skr_source *skr_opened_source(struct skr_opened *opened)
{
    pthread_mutex_lock(&opened->lock);
    struct skr_source *source = opened->source;
    if (source != NULL)
        atomic_fetch_add(&source->uses, 1);
    pthread_mutex_unlock(&opened->lock);
    return source;
}

void skr_opened_set(struct skr_nodes *nodes, struct skr_opened *opened, struct skr_source *source,
                    const struct skr_facts *facts)
{
    pthread_mutex_lock(&nodes->lock);
    pthread_mutex_lock(&opened->lock);
    struct skr_source *old = opened->source;
    opened->source = source;
    if (facts != NULL)
        opened->facts = *facts;
    skr_opened_undraft(nodes, opened);
    if (source != NULL && source->draft != NULL) {
        opened->next_drafted = nodes->drafted;
        opened->drafted_link = &nodes->drafted;
        if (nodes->drafted != NULL)
            nodes->drafted->drafted_link = &opened->next_drafted;
        nodes->drafted = opened;
        nodes->drafts++;
    }
    pthread_mutex_unlock(&opened->lock);
    pthread_mutex_unlock(&nodes->lock);
    skr_source_drop(old);
}

bool skr_opened_facts(struct skr_opened *opened, struct skr_facts *facts)
{
    struct skr_source *source = skr_opened_source(opened);
    uint64_t size = source != NULL && source->draft != NULL ? skr_draft_size(source->draft) : 0;
    pthread_mutex_lock(&opened->lock);
    *facts = opened->facts;
    pthread_mutex_unlock(&opened->lock);
    if (source != NULL && source->draft != NULL)
        facts->content.size_bytes = size;
    skr_source_drop(source);
    return facts->kind != 0;
}

struct skr_opened *skr_opened_next_drafted(struct skr_nodes *nodes, struct skr_opened *after)
{
    pthread_mutex_lock(&nodes->lock);
    struct skr_opened *next = after == NULL ? nodes->drafted : after->drafted_link == NULL ? NULL : after->next_drafted;
    if (next != NULL)
        next->uses++;
    pthread_mutex_unlock(&nodes->lock);
    skr_opened_done(nodes, after);
    return next;
}
