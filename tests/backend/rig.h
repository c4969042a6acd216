/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_RIG_H
#define CMIO_TESTS_RIG_H

/*
 * Programs that two backends run side by side. A rig is one registered source, the owner, with what
 * it talks to; a kind says how both are made and how the owner does its I/O; a step is one thing
 * that the owner or its peer does; a scene is a kind and the steps that it goes through.
 *
 * The owner does its I/O through the library, the peer with raw system calls.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/cmio.h>

#include "support/loop.h"

enum { RIG_TOKEN = 1, RIG_PATH = 96, RIG_MOST_STEPS = 24, RIG_MOST_OWN = 6 };

struct rig_kind;

union rig_owner {
    struct cmio_source source;
    struct cmio_fd_source fd;
    struct cmio_tcp_listener tcp_listener;
    struct cmio_tcp_stream tcp_stream;
    struct cmio_udp_socket udp;
    struct cmio_unix_listener unix_listener;
    struct cmio_unix_stream unix_stream;
    struct cmio_unix_datagram unix_datagram;
    struct cmio_pipe_receiver receiver;
    struct cmio_pipe_sender sender;
};

struct rig {
    const struct rig_kind *kind;
    struct test_loop loop;
    cmio_interest interest;
    union rig_owner owner;
    int fd;    /* the owner's */
    int peer;  /* -1: closed */
    int other; /* what else a kind needs, or -1 */
    uint16_t port;
    char path[RIG_PATH];
    unsigned argument; /* the step's */
    uint32_t answered; /* directions in which the owner ended its turn in this step */
    long result;       /* of the last of them: 0, 1 for any count above, or -errno */
    uint32_t ended;    /* directions whose last call found an end that is not final */
};

struct rig_kind {
    /* Makes the owner, not registered, and its peer. false: the system has no such thing. */
    bool (*open)(struct rig *rig);
    ssize_t (*receive)(struct rig *rig, void *buffer, size_t length);
    ssize_t (*peek)(struct rig *rig, void *buffer, size_t length);
    ssize_t (*send)(struct rig *rig, const void *buffer, size_t length);
    int (*shutdown)(struct rig *rig, enum cmio_shutdown how);
    int (*take_error)(struct rig *rig);
    int (*open_peer)(struct rig *rig); /* opens what the peer had closed */
    void (*close)(struct rig *rig);    /* what is left beside owner, peer and other; or NULL */
    cmio_interest interest;            /* that is usual for it */
    size_t whole;                      /* what a full write gives, whatever its length; or 0 */
    bool has_messages;                 /* 0 is an empty one, not the end */
    bool may_be_empty;                 /* 0 is an empty message or the end */
    bool is_file;                      /* in the library's eyes: -EAGAIN alone ends a turn */
    bool queues_errors;                /* which no call takes away that the library sees */
    bool reopens;                      /* the end is not final */
    bool varies;                       /* how much goes in, or has come, is a matter of time */
    bool makes_room_late;              /* after a full write, by and by, and tells nobody */
};

typedef void rig_step(struct rig *rig);

/* A step by its name. The other two are for random scenes. */
struct rig_action {
    const char *name;
    rig_step *run;
    unsigned argument; /* how much, or which: as the step takes it */
    bool unheard;      /* the next step follows without a wait */
};
#define RIG_STEP(step)                                                                             \
    { #step, step, 0, false }

struct rig_scene {
    const char *name;
    const struct rig_kind *kind;
    cmio_interest interest; /* 0: the kind's */
    struct rig_action steps[RIG_MOST_STEPS];
};

struct rig_scenes {
    const struct rig_scene *list;
    size_t count;
};

/* Those of every system, and those that this system has beside them. */
struct rig_scenes rig_portable_scenes(void);
struct rig_scenes rig_system_scenes(void);

/* What random scenes are made of: a kind, and steps of its own beside those that its hooks allow. */
struct rig_choice {
    const char *name;
    const struct rig_kind *kind;
    struct rig_action own[RIG_MOST_OWN];
    bool is_untraced; /* nobody has seen what kqueue(2) says, so the stand-in may be wrong */
};

struct rig_choices {
    const struct rig_choice *list;
    size_t count;
};

struct rig_choices rig_portable_choices(void);
struct rig_choices rig_system_choices(void);

/*
 * The random scene of this seed. For kqueue: without what nobody has seen there, and without
 * interest in priority. A step that finds nothing to do, such as closing a peer that is closed, does
 * nothing.
 */
void rig_make_random_scene(struct rig_scene *scene, uint64_t seed, bool for_kqueue);

/* The steps of random scenes that change the registration. */
rig_step owner_registers, owner_reregisters_as, owner_deregisters;

/* Makes the rig on the backend: false where there is no such thing, and nothing is left of it. */
bool rig_open(struct rig *rig, const struct rig_scene *scene, const char *backend);
/* Registers the owner: what the registry answers. */
int rig_register(struct rig *rig, const struct rig_scene *scene);
void rig_close(struct rig *rig);

/* For kinds whose owner is any descriptor: read(2), write(2) through the source. */
void rig_set_fd_source(struct rig *rig, int fd);
ssize_t rig_fd_read(struct rig *rig, void *buffer, size_t length);
ssize_t rig_fd_write(struct rig *rig, const void *buffer, size_t length);

/*
 * For kinds over UDP: open the owner's descriptor and its peer, which is connected to it, or only the
 * peer, anew. While there is no peer its port refuses, and other keeps it from everybody else.
 */
void rig_open_udp(struct rig *rig);
int rig_open_udp_peer(struct rig *rig);

/* What the owner's calls answered, for steps that call the library themselves. */
ssize_t rig_note(struct rig *rig, cmio_interest direction, ssize_t result, size_t wanted);

rig_step owner_drains, owner_reads_one, owner_reads_once, owner_peeks_one, owner_peeks_more;
rig_step owner_writes, owner_fills, owner_takes_error, owner_reregisters;
rig_step owner_reads_nothing, owner_writes_and_drains, owner_drains_and_fills;
rig_step owner_reads_to_nowhere, owner_writes_from_nowhere;
rig_step peer_writes, peer_drains, peer_closes, peer_opens;

#endif
