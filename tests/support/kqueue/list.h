/* SPDX-License-Identifier: MIT */
#ifndef KQUEUE_STANDIN_LIST_H
#define KQUEUE_STANDIN_LIST_H

/*
 * Circular, doubly linked lists whose links lie in what they link. A link that is in no list is
 * linked to itself, so removing it twice is harmless.
 */

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *previous, *next;
};

/* What a link lies in. */
#define LIST_OWNER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* The link under the loop may be removed. */
#define LIST_FOREACH(link, head)                                                                   \
    for (struct list *link = (head)->next, *after_ = link->next; link != (head);                   \
         link = after_, after_ = link->next)

static inline void list_init(struct list *list) {
    list->previous = list;
    list->next = list;
}

static inline bool list_is_empty(const struct list *list) {
    return list->next == list;
}

static inline void list_append(struct list *list, struct list *link) {
    link->previous = list->previous;
    link->next = list;
    list->previous->next = link;
    list->previous = link;
}

static inline void list_remove(struct list *link) {
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

/* Puts all of other before the first of list; other is empty afterwards. */
static inline void list_prepend_all(struct list *list, struct list *other) {
    if (list_is_empty(other))
        return;
    other->next->previous = list;
    other->previous->next = list->next;
    list->next->previous = other->previous;
    list->next = other->next;
    list_init(other);
}

#endif
