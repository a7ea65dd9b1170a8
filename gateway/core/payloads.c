/* Why: the MD5 of a small object is a tenth of what it costs to store it, and eight at once cost hardly more than two. After a
 * commit many answers go out together, so that the next requests come in together, too: all that came in during one turn of the
 * reactor is hashed at its end.
 */
#include "payloads.h"

#include "ingest.h"

#define SKR_PAYLOADS_AT_ONCE 64
#define SKR_PAYLOAD_FROM_BYTES 256
#define SKR_PAYLOAD_COMPANY 4

/* Hashes the first ones, as many as there is room for, and tells each. */
static void skr_payloads_hash(struct skr_payloads *payloads)
{
    struct skr_ingest *waiting[SKR_PAYLOADS_AT_ONCE];
    struct skr_md5_piece pieces[SKR_PAYLOADS_AT_ONCE];
    uint8_t digests[SKR_PAYLOADS_AT_ONCE][SKR_MD5_SIZE];
    size_t count = 0;
    do {
        struct skr_ingest *ingest = payloads->first;
        payloads->first = ingest->next_payload;
        ingest->payload_waits = false;
        waiting[count] = ingest;
        pieces[count] = (struct skr_md5_piece){ingest->payload, ingest->payload_size, digests[count]};
        count++;
    } while (payloads->first != NULL && count < SKR_PAYLOADS_AT_ONCE);
    if (payloads->first == NULL)
        payloads->last = &payloads->first;
    skr_md5_of_many(pieces, count);
    for (size_t i = 0; i < count; i++)
        skr_ingest_hashed(waiting[i], digests[i]);
}

static void skr_payloads_turn(struct skr_task *task)
{
    struct skr_payloads *payloads = (struct skr_payloads *)task;
    payloads->posted = false;
    while (payloads->first != NULL)
        skr_payloads_hash(payloads);
}

bool skr_payload_hash_later(struct skr_ingest *ingest)
{
    struct skr_worker *worker = ingest->worker;
    struct skr_payloads *payloads = &worker->payloads;
    if (worker->under_way < SKR_PAYLOAD_COMPANY || ingest->payload_size < SKR_PAYLOAD_FROM_BYTES)
        return false;
    if (payloads->first == NULL)
        payloads->last = &payloads->first;
    ingest->next_payload = NULL;
    ingest->payload_waits = true;
    *payloads->last = ingest;
    payloads->last = &ingest->next_payload;
    if (!payloads->posted) {
        payloads->posted = true;
        payloads->task.run = skr_payloads_turn;
        worker->executor->post(worker->executor, &payloads->task);
    }
    return true;
}

void skr_payload_forget(struct skr_ingest *ingest)
{
    struct skr_payloads *payloads = &ingest->worker->payloads;
    if (!ingest->payload_waits)
        return;
    struct skr_ingest **at = &payloads->first;
    while (*at != ingest)
        at = &(*at)->next_payload;
    *at = ingest->next_payload;
    if (ingest->next_payload == NULL)
        payloads->last = at;
    ingest->payload_waits = false;
}
