/* SPDX-License-Identifier: MIT */
#include <cmio/async/select.h>

#include <errno.h>

#include "async/inline.h"

static struct cmio_select_future *select_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_select_future, future);
}

static enum cmio_future_state poll_select(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct cmio_select_future *select = select_of(future);
    for (size_t i = 0; i < select->count; i++) {
        struct cmio_future *child = select->children[i];
        if (child != NULL && cmio_future_poll(child, context) == CMIO_READY) {
            future->result = (ssize_t)i;
            return CMIO_READY;
        }
    }
    return CMIO_PENDING;
}

static void drop_select(struct cmio_future *future) {
    struct cmio_select_future *select = select_of(future);
    for (size_t i = 0; i < select->count; i++)
        cmio_future_drop(select->children[i]);
}

static const struct cmio_future_ops select_ops = {
    .name = "select",
    .poll = poll_select,
    .drop = drop_select,
};

int cmio_select_future_init(struct cmio_select_future *select, struct cmio_future **children,
                            size_t count) {
    if (select == NULL || children == NULL)
        return -EINVAL;
    size_t present = 0;
    for (size_t i = 0; i < count; i++) {
        present += children[i] != NULL;
    }
    if (present == 0)
        return -EINVAL;
    *select = (struct cmio_select_future){
        .future.ops = &select_ops, .children = children, .count = count};
    return 0;
}
