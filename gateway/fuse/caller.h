/* A thread that waits: what core needs of a thread, and how a call that ends later is waited for. */
#ifndef SKERRY_FUSE_CALLER_H
#define SKERRY_FUSE_CALLER_H

#include "skerry/files.h"
#include "skerry/inbox.h"

/* Owned by one thread, but for its inbox. */
struct skr_caller {
    struct skr_inbox inbox;
    struct skr_worker *worker;
};

enum skr_status skr_caller_open(struct skr_caller *caller, struct skr_core *core, struct skr_io_fault *fault,
                                struct skr_watcher *watcher, struct skr_error *err);
/* That of the thread that asks. */
struct skr_caller *skr_this_caller(void);
void skr_caller_use(struct skr_caller *caller); /* is this thread's from now on; NULL: none */
/* On the thread that used it, or when that has ended; ends what is under way. */
void skr_caller_close(struct skr_caller *caller);

/* What is kept of a file's record beyond the call that told it. */
struct skr_facts {
    enum skr_file_kind kind;
    uint64_t object_id; /* 0: a directory without a marker */
    struct skr_content content;
    int64_t modified_ns; /* Unix; 0: not known */
    struct skr_file_attributes attributes;
};
void skr_facts_of_object(struct skr_facts *out, enum skr_file_kind kind, const struct skr_object *object);

/* How a change came out. */
struct skr_outcome {
    bool called;
    enum skr_status status;
    bool has_facts; /* the change left a file that is not a directory */
    struct skr_facts facts;
    struct skr_error error;
};
/* As `done` of a change, with an outcome as its context. */
void skr_outcome_done(void *context, const struct skr_result *result);
/* Until the change is over. `pending` NULL: there was no memory for it. */
enum skr_status skr_caller_wait(struct skr_caller *caller, const struct skr_pending *pending, struct skr_outcome *outcome);

/* Until nothing is under way any more: nobody else drives what came out of a request of this thread. */
void skr_caller_settle(struct skr_caller *caller);

/* Something else that is waited for: what is called back sets `called`. `gave_up`, asked now and then, ends the waiting; false
 * then. */
struct skr_signal {
    bool called;
    enum skr_status status;
};
void skr_signal_set(void *context, enum skr_status status); /* as skr_prepared */
bool skr_caller_await(struct skr_caller *caller, const struct skr_signal *signal, bool (*gave_up)(void *context),
                      void *context);

#endif
