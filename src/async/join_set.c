/* SPDX-License-Identifier: MIT */
#include "async/join_set.h"

#include <errno.h>
#include <stdlib.h>

#include "async/context.h"
#include "async/lock.h"
#include "async/worker.h"

struct place {
    struct cmio_join_set *set;
    struct cmio_future *child; /* NULL: the place is free */
    struct place *next;        /* in a list of ready places */
    uint32_t next_free;        /* while it is free: the next free place, or NONE */
    atomic_bool ready;         /* in one of the lists */
};

#define NONE UINT32_MAX

/* Places in the order in which they were woken. */
struct places {
    struct place *first, *last;
};

struct cmio_join_set {
    struct cmio__lock lock;
    struct places woken;           /* under the lock */
    struct cmio_task_waker parent; /* under the lock; empty while nobody waits */

    struct places taken;             /* from here on used by the poll alone */
    struct cmio_join_set_future *by; /* the future that is pending, or NULL */
    size_t count, capacity;
    uint32_t free_place;

    atomic_size_t references; /* the owner's and those of cloned wakers */
    struct place places[];
};

/* Lists */

static void append(struct places *list, struct place *place) {
    place->next = NULL;
    if (list->first == NULL)
        list->first = place;
    else
        list->last->next = place;
    list->last = place;
}

/* Removes the first place, which can be marked again then. NULL if there is none. */
static struct place *take_first(struct places *list) {
    struct place *place = list->first;
    if (place == NULL)
        return NULL;
    list->first = place->next;
    (void)atomic_exchange_explicit(&place->ready, false, memory_order_acq_rel);
    return place;
}

/* Wakers */

static struct place *place_of(const struct cmio_task_waker *waker) {
    return (struct place *)(waker->target & ~CMIO__PLACE); /* NOLINT(performance-no-int-to-ptr) */
}

static void wake_place(struct place *place) {
    struct cmio_join_set *set = place->set;
    if (atomic_exchange_explicit(&place->ready, true, memory_order_acq_rel))
        return;
    cmio__lock_take(&set->lock);
    if (set->woken.first == NULL)
        cmio_task_waker_wake(&set->parent);
    append(&set->woken, place);
    cmio__lock_release(&set->lock);
}

void cmio__place_wake(const struct cmio_task_waker *waker) {
    wake_place(place_of(waker));
}

void cmio__place_keep(const struct cmio_task_waker *waker) {
    (void)atomic_fetch_add_explicit(&place_of(waker)->set->references, 1, memory_order_relaxed);
}

static void drop_join_set_reference(struct cmio_join_set *set) {
    if (atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) == 1)
        free(set);
}

void cmio__place_release(const struct cmio_task_waker *waker) {
    drop_join_set_reference(place_of(waker)->set);
}

/* Children */

int cmio_join_set_new(struct cmio_join_set **out, size_t capacity) {
    if (out == NULL || capacity == 0 || capacity > INT32_MAX)
        return -EINVAL;
    if (capacity > (SIZE_MAX - sizeof(struct cmio_join_set)) / sizeof(struct place))
        return -ENOMEM;
    struct cmio_join_set *set = calloc(1, sizeof *set + capacity * sizeof(struct place));
    if (set == NULL)
        return -ENOMEM;
    set->capacity = capacity;
    atomic_init(&set->references, 1);
    for (size_t i = 0; i < capacity; i++) {
        set->places[i].set = set;
        set->places[i].next_free = i + 1 < capacity ? (uint32_t)(i + 1) : NONE;
    }
    *out = set;
    return 0;
}

ssize_t cmio_join_set_add(struct cmio_join_set *set, struct cmio_future *child) {
    if (set == NULL || child == NULL)
        return -EINVAL;
    if (set->free_place == NONE)
        return -ENOSPC;
    const uint32_t index = set->free_place;
    struct place *place = &set->places[index];
    set->free_place = place->next_free;
    set->count++;
    place->child = child;
    wake_place(place);
    return (ssize_t)index;
}

static void free_place(struct place *place) {
    struct cmio_join_set *set = place->set;
    place->child = NULL;
    place->next_free = set->free_place;
    set->free_place = (uint32_t)(place - set->places);
    set->count--;
}

int cmio_join_set_cancel(struct cmio_join_set *set, size_t place) {
    if (set == NULL)
        return -EINVAL;
    if (place >= set->capacity || set->places[place].child == NULL)
        return -ENOENT;
    cmio_future_drop(set->places[place].child);
    wake_place(&set->places[place]);
    return 0;
}

size_t cmio_join_set_count(const struct cmio_join_set *set) {
    return set == NULL ? 0 : set->count;
}

static void drop_children(struct cmio_join_set *set) {
    for (size_t i = 0; i < set->capacity && set->count > 0; i++)
        if (set->places[i].child != NULL) {
            cmio_future_drop(set->places[i].child);
            free_place(&set->places[i]);
        }
}

static void wait_no_more(struct cmio_join_set *set) {
    set->by = NULL;
    cmio__lock_take(&set->lock);
    set->parent = (struct cmio_task_waker){0};
    cmio__lock_release(&set->lock);
}

void cmio_join_set_free(struct cmio_join_set *set) {
    if (set == NULL)
        return;
    wait_no_more(set);
    drop_children(set);
    drop_join_set_reference(set);
}

/* Polling */

static struct cmio_join_set_future *ended_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_join_set_future, future);
}

/* Polls a child with the waker of its place. */
static enum cmio_future_state poll_child(struct place *place, struct cmio_context *context) {
    struct cmio_context own = *context;
    own.waker = (struct cmio_task_waker){(uintptr_t)place | CMIO__PLACE};
    const enum cmio_future_state state = cmio_future_poll(place->child, &own);
    context->budget = own.budget;
    return state;
}

/* Polls the taken children until one has ended. Returns its place, or NULL. */
static struct place *poll_taken(struct cmio_join_set *set, struct cmio_context *context) {
    while (context->budget > 0) {
        struct place *place = take_first(&set->taken);
        if (place == NULL)
            return NULL;
        if (place->child != NULL && poll_child(place, context) == CMIO_READY)
            return place;
    }
    cmio_task_waker_wake(&context->waker); /* for the rest */
    return NULL;
}

/* Stores who waits, and takes the woken places if none are left from the last time. */
static void wait_and_take(struct cmio_join_set *set, const struct cmio_task_waker *waker) {
    cmio__lock_take(&set->lock);
    set->parent = *waker;
    if (set->taken.first == NULL) {
        set->taken = set->woken;
        set->woken = (struct places){NULL, NULL};
    }
    cmio__lock_release(&set->lock);
}

static enum cmio_future_state poll_set(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_join_set_future *ended = ended_of(future);
    struct cmio_join_set *set = ended->set;
    if (set->by != NULL && set->by != ended) {
        future->result = -EBUSY;
        return CMIO_READY;
    }
    struct place *place = NULL;
    if (set->count > 0) {
        set->by = ended;
        if (set->taken.first != NULL)
            place = poll_taken(set, context);
        if (place == NULL) {
            wait_and_take(set, &context->waker);
            place = poll_taken(set, context);
        }
        if (place == NULL)
            return cmio__context_awaits(context, "join set");
    }
    wait_no_more(set);
    future->result = place == NULL ? -ECHILD : (ssize_t)(place - set->places);
    if (place != NULL)
        free_place(place);
    return CMIO_READY;
}

static void drop_set(struct cmio_future *future) {
    struct cmio_join_set_future *ended = ended_of(future);
    struct cmio_join_set *set = ended->set;
    if (set->by != NULL && set->by != ended)
        return; /* the children belong to the other future */
    wait_no_more(set);
    drop_children(set);
}

static const struct cmio_future_ops join_set_ops = {
    .name = "join set",
    .poll = poll_set,
    .drop = drop_set,
};

int cmio_join_set_future_init(struct cmio_join_set_future *ended, struct cmio_join_set *set) {
    if (ended == NULL || set == NULL)
        return -EINVAL;
    *ended = (struct cmio_join_set_future){.future.ops = &join_set_ops, .set = set};
    return 0;
}
