/* SPDX-License-Identifier: MIT */
#include <cmio/async/join_all.h>

#include <errno.h>

#include "async/inline.h"

static struct cmio_join_all_future *all_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_join_all_future, future);
}

static ssize_t first_error(const struct cmio_join_all_future *all) {
    for (size_t i = 0; i < all->count; i++)
        if (all->children[i]->result < 0)
            return all->children[i]->result;
    return 0;
}

static enum cmio_future_state poll_all(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_join_all_future *all = all_of(future);
    enum cmio_future_state state = CMIO_READY;
    for (size_t i = 0; i < all->count; i++)
        if (cmio_future_poll(all->children[i], context) == CMIO_PENDING)
            state = CMIO_PENDING;
    if (state == CMIO_READY)
        future->result = first_error(all);
    return state;
}

static void drop_all(struct cmio_future *future) {
    struct cmio_join_all_future *all = all_of(future);
    for (size_t i = 0; i < all->count; i++)
        cmio_future_drop(all->children[i]);
}

static const struct cmio_future_ops join_all_ops = {
    .name = "join all",
    .poll = poll_all,
    .drop = drop_all,
};

int cmio_join_all_future_init(struct cmio_join_all_future *all, struct cmio_future **children,
                              size_t count) {
    if (all == NULL || (children == NULL && count > 0))
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        if (children[i] == NULL)
            return -EINVAL;
    *all = (struct cmio_join_all_future){
        .future.ops = &join_all_ops, .children = children, .count = count};
    return 0;
}
