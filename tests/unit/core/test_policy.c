/* What goes first: the policy of eviction by itself. Deterministic: the test is the clock. */
#include "federation/policy.h"
#include "run.h"

static struct skr_policy policy;

static void begin(uint32_t lanes)
{
    policy = (struct skr_policy){.items = NULL};
    ck_assert(skr_policy_lanes(&policy, lanes));
}

static bool add(uint64_t content, uint64_t size, uint32_t now)
{
    struct skr_policy_key key = {content, 0};
    return skr_policy_add(&policy, &key, size, 0, false, now);
}

static void touch(uint64_t content, uint32_t now)
{
    struct skr_policy_key key = {content, 0};
    skr_policy_touch(&policy, &key, now);
}

/* Evicts down to `most` bytes; returns how many went. */
static unsigned evict_to(uint64_t most)
{
    struct skr_policy_item item;
    unsigned evicted = 0;
    while (policy.bytes > most && skr_policy_pick(&policy, SKR_POLICY_ANY, &item)) {
        struct skr_policy_key key = {item.content_id, item.chunk};
        skr_policy_evicted(&policy, &key);
        evicted++;
    }
    return evicted;
}

static bool has(uint64_t content)
{
    for (uint32_t i = 1; i < policy.used; i++)
        if (policy.items[i].content_id == content)
            return true;
    return false;
}

static unsigned count_of(uint64_t first, uint64_t end)
{
    unsigned count = 0;
    for (uint64_t content = first; content < end; content++)
        count += has(content);
    return count;
}

START_TEST(test_accounts)
{
    struct skr_policy_key key = {7, 3};
    begin(2);
    ck_assert(skr_policy_add(&policy, &key, 1000, 1, false, 0));
    ck_assert(!skr_policy_add(&policy, &key, 1000, 1, false, 0)); /* counted once */
    ck_assert(add(8, 500, 0));
    ck_assert_uint_eq(policy.bytes, 1500);
    ck_assert_uint_eq(policy.count, 2);
    ck_assert_uint_eq(policy.lanes[1].bytes, 1000);
    ck_assert_uint_eq(skr_policy_forget(&policy, &key), 1000);
    ck_assert_uint_eq(skr_policy_forget(&policy, &key), 0);
    ck_assert_uint_eq(policy.bytes, 500);
    ck_assert_uint_eq(policy.lanes[1].bytes, 0);
    skr_policy_clear(&policy, 0);
    ck_assert_uint_eq(policy.bytes, 0);
    ck_assert_uint_eq(policy.count, 0);
    skr_policy_free(&policy);
}
END_TEST

START_TEST(test_first_in_first_out)
{
    begin(1);
    for (uint64_t i = 1; i <= 10; i++)
        ck_assert(add(i, 10, (uint32_t)i));
    ck_assert_uint_eq(evict_to(50), 5);
    ck_assert_uint_eq(count_of(1, 6), 0);
    ck_assert_uint_eq(count_of(6, 11), 5);
    skr_policy_free(&policy);
}
END_TEST

/* A hot set of half the cache, read again and again, and a scan of a hundred caches. */
START_TEST(test_scan)
{
    uint32_t now = 0;
    begin(1);
    for (uint64_t i = 1; i <= 50; i++)
        add(i, 1, now);
    now += 20;
    for (uint64_t i = 1; i <= 50; i++)
        touch(i, now);
    for (uint64_t scanned = 1000; scanned < 11000; scanned++) {
        now++;
        add(scanned, 1, now);
        touch(scanned, now); /* in several requests, one close to the other */
        touch(scanned, now + 2);
        evict_to(100);
        if (scanned % 500 ==
            0) /* the hot set is read all the while, if rarely: five times as much goes by as the cache holds */
            for (uint64_t i = 1; i <= 50; i++)
                touch(i, now);
    }
    ck_assert_uint_eq(count_of(1, 51), 50);
    ck_assert_uint_le(policy.bytes, 100);
    skr_policy_free(&policy);
}
END_TEST

/* Even without being read during the scan, what was proven stays. */
START_TEST(test_scan_of_an_idle_cache)
{
    begin(1);
    for (uint64_t i = 1; i <= 50; i++)
        add(i, 1, 0);
    for (uint64_t i = 1; i <= 50; i++)
        touch(i, 20);
    for (uint64_t scanned = 1000; scanned < 3000; scanned++) {
        add(scanned, 1, 30);
        evict_to(100);
    }
    ck_assert_uint_eq(count_of(1, 51), 50);
    skr_policy_free(&policy);
}
END_TEST

/* What went comes back: it is not new any more. */
START_TEST(test_ghosts)
{
    begin(1);
    for (uint64_t i = 1; i <= 110; i++) {
        add(i, 1, 0);
        evict_to(100);
    }
    ck_assert(!has(5));
    add(5, 1, 1);
    uint64_t in_main = policy.main_bytes;
    ck_assert_uint_eq(in_main, 1);
    for (uint64_t i = 1000; i < 1500; i++) {
        add(i, 1, 2);
        evict_to(100);
    }
    ck_assert(has(5));
    skr_policy_free(&policy);
}
END_TEST

/* A working set that moves: the old one goes once it is not read any more. */
START_TEST(test_moves_on)
{
    uint32_t now = 0;
    begin(1);
    for (unsigned round = 0; round < 20; round++) {
        now += 20;
        for (uint64_t i = 1; i <= 90; i++)
            if (has(i))
                touch(i, now);
            else
                add(i, 1, now);
        evict_to(100);
    }
    ck_assert_uint_eq(count_of(1, 91), 90);
    for (unsigned round = 0; round < 20; round++) {
        now += 20;
        for (uint64_t i = 201; i <= 290; i++) {
            if (has(i))
                touch(i, now);
            else
                add(i, 1, now);
            evict_to(100);
        }
    }
    ck_assert_uint_ge(count_of(201, 291), 85);
    skr_policy_free(&policy);
}
END_TEST

START_TEST(test_held_and_spared)
{
    struct skr_policy_item item;
    begin(1);
    add(1, 10, 0);
    add(2, 10, 0);
    ck_assert(skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
    ck_assert_uint_eq(item.content_id, 1);
    struct skr_policy_key first = {1, 0}, second = {2, 0};
    skr_policy_hold(&policy, &first);
    ck_assert_uint_eq(policy.held_bytes, 10);
    ck_assert(skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
    ck_assert_uint_eq(item.content_id, 2);
    ck_assert_uint_eq(policy.bytes, 20); /* picked is still here */
    skr_policy_spare(&policy, &second, 1);
    ck_assert(skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
    ck_assert_uint_eq(item.content_id, 2);
    skr_policy_evicted(&policy, &second);
    ck_assert(!skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
    skr_policy_release(&policy);
    ck_assert(skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
    ck_assert_uint_eq(item.content_id, 1);
    ck_assert_uint_eq(skr_policy_forget(&policy, &first), 10);
    ck_assert_uint_eq(policy.bytes, 0);
    skr_policy_free(&policy);
}
END_TEST

/* It is fetched again while the change that evicts it is under way. */
START_TEST(test_came_again)
{
    struct skr_policy_item item;
    struct skr_policy_key key = {1, 0};
    begin(1);
    add(1, 10, 0);
    ck_assert(skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
    ck_assert(!add(1, 10, 1));
    skr_policy_evicted(&policy, &key);
    ck_assert_uint_eq(policy.bytes, 10);
    ck_assert(has(1));
    ck_assert(skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
    skr_policy_evicted(&policy, &key);
    ck_assert_uint_eq(policy.bytes, 0);
    skr_policy_free(&policy);
}
END_TEST

/* Containers: of any, the one whose oldest was not read for longest; of one, only its own. */
START_TEST(test_lanes)
{
    struct skr_policy_item item;
    begin(3);
    for (uint64_t i = 0; i < 30; i++) {
        struct skr_policy_key key = {i + 1, 0};
        skr_policy_add(&policy, &key, 1, (uint32_t)(2 - i / 10), false, (uint32_t)i);
    }
    for (uint64_t i = 1; i <= 10; i++) {
        ck_assert(skr_policy_pick(&policy, SKR_POLICY_ANY, &item));
        ck_assert_uint_eq(item.content_id, i);
        struct skr_policy_key key = {item.content_id, item.chunk};
        skr_policy_evicted(&policy, &key);
    }
    for (uint64_t i = 21; i <= 30; i++) {
        ck_assert(skr_policy_pick(&policy, 0, &item));
        ck_assert_uint_eq(item.content_id, i);
        struct skr_policy_key key = {item.content_id, item.chunk};
        skr_policy_evicted(&policy, &key);
    }
    ck_assert(!skr_policy_pick(&policy, 0, &item));
    ck_assert_uint_eq(policy.lanes[1].bytes, 10);
    skr_policy_free(&policy);
}
END_TEST

/* Sums after a long life, and what a million small objects cost. */
START_TEST(test_many)
{
    uint64_t state = 1;
    begin(4);
    for (unsigned i = 0; i < 400000; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        struct skr_policy_key key = {1 + (state >> 33) % 5000, (uint32_t)(state >> 20) % 4};
        if (state >> 62 == 0)
            skr_policy_forget(&policy, &key);
        else if (state >> 62 == 1)
            skr_policy_touch(&policy, &key, i);
        else
            skr_policy_add(&policy, &key, 1 + key.chunk, (uint32_t)(key.content_id % 4), false, i);
        if (i % 16 == 0)
            evict_to(20000);
    }
    uint64_t bytes = 0, count = 0, queued = 0;
    for (uint32_t i = 1; i < policy.used; i++)
        if (policy.items[i].content_id != 0) {
            bytes += policy.items[i].size_bytes;
            count++;
        }
    for (uint32_t lane = 0; lane < 4; lane++)
        for (unsigned queue = 1; queue < 4; queue++)
            for (uint32_t at = policy.lanes[lane].lists[queue].oldest; at != 0; at = policy.items[at].newer)
                queued++;
    ck_assert_uint_eq(bytes, policy.bytes);
    ck_assert_uint_eq(count, policy.count);
    ck_assert_uint_eq(queued, policy.count);
    ck_assert_uint_eq(policy.new_bytes + policy.main_bytes + policy.held_bytes, policy.bytes);
    for (uint64_t i = 0; i < 1000000; i++)
        ck_assert(add(100000 + i, 4096, 0));
    ck_assert_uint_le(policy.capacity * (sizeof *policy.items + sizeof *policy.buckets), 96u << 20);
    skr_policy_free(&policy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core policy");
    TCase *cases = tcase_create("policy");
    tcase_add_test(cases, test_accounts);
    tcase_add_test(cases, test_first_in_first_out);
    tcase_add_test(cases, test_scan);
    tcase_add_test(cases, test_scan_of_an_idle_cache);
    tcase_add_test(cases, test_ghosts);
    tcase_add_test(cases, test_moves_on);
    tcase_add_test(cases, test_held_and_spared);
    tcase_add_test(cases, test_came_again);
    tcase_add_test(cases, test_lanes);
    tcase_add_test(cases, test_many);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
