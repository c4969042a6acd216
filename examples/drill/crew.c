/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include <cmio/time.h>

/* How many users begin between two polls for events. */
enum { ARRIVALS_AT_ONCE = 64 };

static void set_timer(struct crew *crew, struct cmio_timer *timer, int64_t deadline) {
    (void)cmio_timers_set(crew->timers, timer, deadline); /* cannot fail with our own timers */
}

/* Gives the user the next iteration. False if the user becomes idle or is done. */
static bool take_iteration(struct crew *crew, struct user *user) {
    switch (schedule_take(&crew->schedule, crew->wire.now, &user->due)) {
    case TURN_NOW:
        user->place = 0;
        user->iteration = crew->schedule.taken - 1;
        return true;
    case TURN_LATER:
        user->next = crew->idle;
        crew->idle = user;
        crew->next_arrival = user->due;
        break;
    case TURN_NEVER:
        client_close(&user->client);
        break;
    }
    crew->busy--;
    return false;
}

static const struct request *request_of(const struct crew *crew, const struct user *user) {
    return &crew->requests->list[user->place];
}

/* Moves the user to its next request. False if there is none. */
static bool advance(struct crew *crew, struct user *user) {
    bool has_next = ++user->place < crew->requests->count;
    if (has_next && schedule_has_time(&crew->schedule, crew->wire.now))
        return true;
    return take_iteration(crew, user);
}

/* Records how the user's request ended. */
static void end_request(struct crew *crew, struct user *user, enum outcome outcome, int64_t now) {
    const struct client *client = &user->client;
    const struct ending ending = {.outcome = outcome,
                                  .status = client->response.status,
                                  .latency = now - user->started,
                                  .bytes = client->received,
                                  .connects = client->connects,
                                  .reused = client->reused};
    (void)cmio_timers_cancel(crew->timers, &user->timer); /* -ENOENT if it was popped or unset */
    user->is_waiting = false;
    results_add(crew->results, request_of(crew, user)->item, &ending);
}

/* Goes on through the timers, so that immediate failures do not keep others from their turn. */
static void go_on_later(struct crew *crew, struct user *user) {
    if (advance(crew, user))
        set_timer(crew, &user->timer, crew->wire.now);
}

/* The request was due so long ago that its timeout has passed already. It is not sent any more. */
static void give_up(struct crew *crew, struct user *user, int64_t now) {
    const struct ending ending = {.outcome = OUTCOME_TIMEOUT, .latency = now - user->started};
    results_add(crew->results, request_of(crew, user)->item, &ending);
    go_on_later(crew, user);
}

/* Begins the user's next request, which is not a delay. */
static void begin_sending(struct crew *crew, struct user *user, const struct request *request) {
    int64_t now = cmio_now();
    user->started = user->due != 0 ? user->due : now;
    user->due = 0;
    int64_t deadline = crew->timeout == CMIO_FOREVER ? CMIO_FOREVER : user->started + crew->timeout;
    if (deadline <= now) {
        give_up(crew, user, now);
        return;
    }
    user->is_waiting = true;
    enum outcome outcome = client_start(&user->client, &crew->wire, request, user->iteration);
    if (outcome == OUTCOME_PENDING) {
        set_timer(crew, &user->timer, deadline);
        return;
    }
    end_request(crew, user, outcome, cmio_now());
    go_on_later(crew, user);
}

static void begin_request(struct crew *crew, struct user *user) {
    const struct request *request = request_of(crew, user);
    if (!request->is_delay) {
        begin_sending(crew, user, request);
        return;
    }
    int64_t over = cmio_now() + request->delay;
    int64_t ends = crew->schedule.ends; /* nothing begins later, so do not wait longer */
    user->due = 0;                      /* the next request is not due before the delay is over */
    user->is_pausing = true;
    set_timer(crew, &user->timer, over < ends ? over : ends);
}

void crew_handle_event(struct crew *crew, struct user *user, const struct cmio_event *event) {
    enum outcome outcome = client_handle(&user->client, &crew->wire, event);
    if (outcome == OUTCOME_PENDING)
        return;
    end_request(crew, user, outcome, crew->wire.now);
    if (advance(crew, user))
        begin_request(crew, user);
}

/* Handles the expiry of the timer. False if there is no request to begin. */
static bool handle_expiry(struct crew *crew, struct user *user) {
    if (user->is_waiting) {
        client_close(&user->client);
        end_request(crew, user, OUTCOME_TIMEOUT, crew->wire.now);
        return advance(crew, user);
    }
    if (user->is_pausing) {
        user->is_pausing = false;
        return advance(crew, user);
    }
    /* The user begins. If no iteration is left by now, it is done. */
    return user->place < crew->requests->count || take_iteration(crew, user);
}

void crew_handle_timer(struct crew *crew, struct user *user) {
    if (handle_expiry(crew, user))
        begin_request(crew, user);
}

/* A user that has not been needed so far. NULL if there are no more. */
static struct user *add_user(struct crew *crew) {
    if (crew->begun == crew->size)
        return NULL;
    struct user *user = &crew->users[crew->begun];
    user->client.number = (uint32_t)crew->begun++;
    user->place = crew->requests->count;
    (void)cmio_timer_init(&user->timer, (cmio_token)user); /* cannot fail with our own timer */
    return user;
}

static struct user *wake_user(struct crew *crew) {
    struct user *user = crew->idle;
    if (user == NULL)
        return add_user(crew);
    crew->idle = user->next;
    return user;
}

/* If nobody is idle, the next user that finishes its iteration takes the due one itself. */
void crew_handle_arrivals(struct crew *crew) {
    if (crew->wire.now < crew->next_arrival)
        return;
    crew->next_arrival = INT64_MAX;
    for (int i = 0; i < ARRIVALS_AT_ONCE; i++) {
        struct user *user = wake_user(crew);
        if (user == NULL)
            return;
        crew->busy++;
        if (!take_iteration(crew, user))
            return;
        begin_request(crew, user);
    }
    crew->next_arrival = crew->wire.now;
}

/* Sets every user's timer to the time at which the user begins. */
static void start_all(struct crew *crew) {
    const struct schedule *schedule = &crew->schedule;
    for (uint64_t i = 0; i < crew->size; i++) {
        double part = (double)i / (double)crew->size;
        int64_t begins = schedule->started + (int64_t)((double)schedule->rampup * part);
        set_timer(crew, &add_user(crew)->timer, begins < schedule->ends ? begins : schedule->ends);
    }
    crew->busy = crew->size;
}

void crew_start(struct crew *crew) {
    schedule_start(&crew->schedule, cmio_now());
    crew->next_arrival = crew->schedule.rate == 0 ? INT64_MAX : crew->schedule.started;
    if (crew->schedule.rate == 0)
        start_all(crew);
}

int64_t crew_next_deadline(const struct crew *crew) {
    int64_t deadline = cmio_timers_next_deadline(crew->timers);
    bool arrives_first = deadline == CMIO_FOREVER || crew->next_arrival < deadline;
    return arrives_first && crew->next_arrival != INT64_MAX ? crew->next_arrival : deadline;
}

bool crew_is_done(const struct crew *crew) {
    bool is_open = crew->schedule.rate != 0;
    return crew->busy == 0 && (!is_open || schedule_is_over(&crew->schedule, crew->wire.now));
}

void crew_stop(struct crew *crew) {
    crew->results->unfinished = schedule_overdue(&crew->schedule, cmio_now());
    for (uint64_t i = 0; i < crew->begun; i++) {
        crew->results->unfinished += crew->users[i].is_waiting;
        client_free(&crew->users[i].client);
    }
}
