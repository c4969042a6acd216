/* SPDX-License-Identifier: MIT */
#include "server/pool.h"

#include <stdint.h>
#include <string.h>

#include "support/test.h"

struct object {
    void *pointer;
    int number;
    char filler[13];
};

enum { COUNT = 1000 }; /* several chunks */

static void new_objects_are_zeros_apart_and_aligned(void **state) {
    (void)state;
    static struct object *objects[COUNT];
    const struct object zeros = {0};
    struct pool pool;
    pool_init(&pool, sizeof(struct object));
    for (int i = 0; i < COUNT; i++) {
        objects[i] = pool_take(&pool);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % sizeof(void *), 0);
        assert_memory_equal(objects[i], &zeros, sizeof zeros);
        memset(objects[i], 0xff, sizeof *objects[i]);
        objects[i]->number = i;
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(objects[i]->number, i);
    pool_free(&pool);
}

static void what_was_given_back_is_taken_before_what_is_new(void **state) {
    (void)state;
    struct pool pool;
    pool_init(&pool, sizeof(struct object));
    struct object *a = pool_take(&pool), *b = pool_take(&pool);
    a->number = 1;
    b->number = 2;
    pool_give(&pool, a);
    pool_give(&pool, b);
    assert_ptr_equal(pool_take(&pool), b);
    assert_ptr_equal(pool_take(&pool), a);
    assert_int_equal(a->number, 1); /* kept, so that a visitor can tell */
    struct object *c = pool_take(&pool);
    assert_ptr_not_equal(c, a);
    assert_ptr_not_equal(c, b);
    pool_free(&pool);
}

static void count_visit(void *object, void *context) {
    struct object *seen = object;
    seen->number++;
    ++*(int *)context;
}

static void a_visit_comes_to_every_object_once(void **state) {
    (void)state;
    static struct object *objects[COUNT];
    for (int count = 0; count <= COUNT; count += 125) {
        struct pool pool;
        int visits = 0;
        pool_init(&pool, sizeof(struct object));
        for (int i = 0; i < count; i++)
            objects[i] = pool_take(&pool);
        pool_visit(&pool, count_visit, &visits);
        assert_int_equal(visits, count);
        for (int i = 0; i < count; i++)
            assert_int_equal(objects[i]->number, 1);
        pool_free(&pool);
    }
}

struct giving {
    struct pool *pool;
    int count;
};

static void give_back(void *object, void *context) {
    struct giving *giving = context;
    pool_give(giving->pool, object);
    giving->count++;
}

static void a_visitor_may_give_back_what_it_visits(void **state) {
    (void)state;
    struct pool pool;
    struct giving giving = {&pool, 0};
    pool_init(&pool, sizeof(struct object));
    for (int i = 0; i < COUNT; i++)
        assert_non_null(pool_take(&pool));
    pool_visit(&pool, give_back, &giving);
    assert_int_equal(giving.count, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_non_null(pool_take(&pool));
    giving.count = 0;
    pool_visit(&pool, give_back, &giving); /* no object was made beyond the first */
    assert_int_equal(giving.count, COUNT);
    pool_free(&pool);
}

static void an_empty_pool_may_be_freed(void **state) {
    (void)state;
    struct pool pool;
    pool_init(&pool, sizeof(struct object));
    pool_free(&pool);
    pool_free(&pool);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(new_objects_are_zeros_apart_and_aligned),
    cmocka_unit_test(what_was_given_back_is_taken_before_what_is_new),
    cmocka_unit_test(a_visit_comes_to_every_object_once),
    cmocka_unit_test(a_visitor_may_give_back_what_it_visits),
    cmocka_unit_test(an_empty_pool_may_be_freed),
};

TEST_GROUP(pool, tests)
