/* SPDX-License-Identifier: MIT */

/*
 * Completion: the kernel is asked once per socket to receive whatever comes, into buffers that the
 * program has handed over, and says when it has received. Needs liburing 2.3 and Linux 6.0.
 *
 *     bounce_uring CONNECTIONS ACTIVE MESSAGES
 *
 * The exit status is 77 if the kernel has no io_uring, an older one, or forbids it, as sandboxes do.
 *
 * A buffer belongs to the kernel from the moment it is in the buffer ring. A completed receive gives
 * it to the program, which gives it to a send; the completed send puts it back into the ring.
 */
#define _GNU_SOURCE
#include "bounce.h"

#include <liburing.h>

enum { BUFFER_GROUP = 1, BATCH = 1024 };

/* What a completion is about is in its user_data: an end, or, for a send, a buffer. */
static const uint64_t send_flag = UINT64_C(1) << 32;

struct ring {
    struct io_uring uring;
    struct io_uring_buf_ring *free_buffers; /* shared with the kernel */
    unsigned buffer_count;                  /* a power of two */
    char *buffers;
    const int *fds;
    unsigned given_back; /* buffers, since the last advance */
};

static char *buffer_at(const struct ring *ring, unsigned id) {
    return ring->buffers + (size_t)id * MESSAGE_SIZE;
}

static void give_back(struct ring *ring, unsigned id) {
    io_uring_buf_ring_add(ring->free_buffers, buffer_at(ring, id), MESSAGE_SIZE, (unsigned short)id,
                          io_uring_buf_ring_mask(ring->buffer_count), (int)ring->given_back++);
}

/* A place in the submission queue; a full queue is submitted first. */
static struct io_uring_sqe *next_entry(struct ring *ring) {
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
    if (entry == NULL && io_uring_submit(&ring->uring) >= 0)
        entry = io_uring_get_sqe(&ring->uring);
    return entry;
}

/* One request for every receive to come. The kernel takes a buffer when bytes are there, not before. */
static int receive_always(struct ring *ring, unsigned end) {
    struct io_uring_sqe *entry = next_entry(ring);
    if (entry == NULL)
        return -EBUSY;
    io_uring_prep_recv_multishot(entry, ring->fds[end], NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = BUFFER_GROUP;
    entry->user_data = end;
    return 0;
}

static int send_back(struct ring *ring, unsigned end, unsigned id) {
    struct io_uring_sqe *entry = next_entry(ring);
    if (entry == NULL)
        return -EBUSY;
    io_uring_prep_send(entry, ring->fds[end], buffer_at(ring, id), MESSAGE_SIZE, MSG_NOSIGNAL);
    entry->user_data = send_flag | id;
    return 0;
}

/* Returns the number of messages, or what went wrong. */
static int on_received(struct ring *ring, const struct io_uring_cqe *completion) {
    const unsigned end = (unsigned)completion->user_data;
    int code = 0;
    if ((completion->flags & IORING_CQE_F_MORE) == 0)
        code = receive_always(ring, end); /* the request has ended: make it again */
    if (code < 0 || completion->res == -ENOBUFS)
        return code;
    if (completion->res != MESSAGE_SIZE)
        return completion->res < 0 ? completion->res : -EIO;
    code = send_back(ring, end, completion->flags >> IORING_CQE_BUFFER_SHIFT);
    return code < 0 ? code : 1;
}

static int on_sent(struct ring *ring, const struct io_uring_cqe *completion) {
    if (completion->res != MESSAGE_SIZE)
        return completion->res < 0 ? completion->res : -EIO;
    give_back(ring, (unsigned)(completion->user_data & ~send_flag));
    return 0;
}

static int bounce_completions(struct ring *ring) {
    struct io_uring_cqe *completions[BATCH];
    const unsigned count = io_uring_peek_batch_cqe(&ring->uring, completions, BATCH);
    int total = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct io_uring_cqe *completion = completions[i];
        const int code = (completion->user_data & send_flag) != 0 ? on_sent(ring, completion)
                                                                  : on_received(ring, completion);
        if (code < 0)
            return code;
        total += code;
    }
    io_uring_buf_ring_advance(ring->free_buffers, (int)ring->given_back);
    ring->given_back = 0;
    io_uring_cq_advance(&ring->uring, count);
    return total;
}

/* Linux 6.1 does the work of completions when it is asked for them, on this thread; older ones at once. */
static int open_ring(struct io_uring *uring, unsigned entries) {
    int code = io_uring_queue_init(entries, uring,
                                   IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (code == -EINVAL)
        code = io_uring_queue_init(entries, uring, 0);
    return code;
}

/* Memory for the buffers, two per message: it is sent from one while it is received into the next. */
static int allocate_buffers(struct ring *ring, int active) {
    void *memory = NULL;
    ring->buffer_count = 2;
    while (ring->buffer_count < 2 * (unsigned)active)
        ring->buffer_count *= 2;
    if (ring->buffer_count > 32768)
        return -E2BIG;
    ring->buffers = (char *)calloc(ring->buffer_count, MESSAGE_SIZE);
    const size_t size = ring->buffer_count * sizeof(struct io_uring_buf);
    if (ring->buffers == NULL || posix_memalign(&memory, 4096, size) != 0)
        return -ENOMEM;
    ring->free_buffers = (struct io_uring_buf_ring *)memory;
    return 0;
}

static int hand_over_buffers(struct ring *ring) {
    struct io_uring_buf_reg registration = {.ring_addr = (uintptr_t)ring->free_buffers,
                                            .ring_entries = ring->buffer_count,
                                            .bgid = BUFFER_GROUP};
    const int code = io_uring_register_buf_ring(&ring->uring, &registration, 0);
    if (code < 0)
        return code;
    io_uring_buf_ring_init(ring->free_buffers);
    for (unsigned id = 0; id < ring->buffer_count; id++)
        give_back(ring, id);
    io_uring_buf_ring_advance(ring->free_buffers, (int)ring->given_back);
    ring->given_back = 0;
    return 0;
}

/* The kernel lets go of the buffers when the ring is closed, so they are freed after that. */
static void close_ring(struct ring *ring) {
    io_uring_queue_exit(&ring->uring);
    free(ring->free_buffers);
    free(ring->buffers);
}

static int receive_from_all(struct ring *ring, const struct bounce *bounce) {
    int code = 0;
    for (unsigned end = 0; code >= 0 && end < 2 * (unsigned)bounce->connections; end++)
        code = receive_always(ring, end);
    return code < 0 ? code : io_uring_submit(&ring->uring);
}

static int run(const struct bounce *bounce, int64_t *start) {
    struct ring ring = {.fds = bounce->fds};
    int code = open_ring(&ring.uring, 2 * BATCH);
    if (code < 0) {
        fprintf(stderr, "io_uring is not available here\n");
        return code;
    }
    code = allocate_buffers(&ring, bounce->active);
    if (code >= 0)
        code = hand_over_buffers(&ring);
    if (code >= 0)
        code = receive_from_all(&ring, bounce);
    if (code >= 0)
        code = bounce_serve(bounce);
    int total = 0;
    *start = bounce_now();
    while (code >= 0 && total < bounce->messages) {
        code = io_uring_submit_and_wait(&ring.uring, 1);
        if (code >= 0 || code == -EINTR)
            code = bounce_completions(&ring);
        total += code;
    }
    close_ring(&ring);
    if (code == -EINVAL) {
        fprintf(stderr, "the io_uring of this kernel is too old: it needs Linux 6.0\n");
        code = -ENOSYS;
    }
    return code < 0 ? code : total;
}

int main(int argc, char **argv) {
    return bounce_main(argc, argv, run);
}
