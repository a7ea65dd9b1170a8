/* Where a completion runs. Core and the layers below finish an operation by posting a task to the executor that the
 * caller named: a reactor's inbox for HTTP, a blocking wait for other threads. Nothing below knows which it is.
 */
#ifndef SKERRY_EXECUTOR_H
#define SKERRY_EXECUTOR_H

/* Intrusive: embedded in the operation it finishes. The poster owns it until `run` is called. */
struct skr_task {
    struct skr_task *next;
    void (*run)(struct skr_task *task);
};

struct skr_executor {
    /* Queues `task`; it runs later, exactly once, on the executor's thread. Never fails, never blocks, never runs the
     * task inside the call. Any thread may call it. Tasks posted by one thread run in the order they were posted. */
    void (*post)(struct skr_executor *executor, struct skr_task *task);
    /* Sleeps until something of the thread's own ended, and runs what was posted meanwhile. On the executor's thread. NULL where
     * its thread serves several callers at a time, and must not wait for one. */
    void (*wait)(struct skr_executor *executor);
};

#endif
