/* SPDX-License-Identifier: MIT */
#include "async/interrupt.h"

#include <signal.h>

#include "common/program.h"

int interrupt_open(struct interrupt *interrupt, struct cmio_executor *executor) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int result = cmio_signals_init(&interrupt->signals, numbers, 2);
    if (result == 0)
        result = second_signal_exits();
    return result < 0 ? result
                      : cmio_io_bind_signals(&interrupt->io, executor, &interrupt->signals);
}

struct cmio_future *interrupt_or(struct interrupt *interrupt, struct cmio_future *other) {
    (void)cmio_signal_future_init(&interrupt->signal, &interrupt->io);
    interrupt->choices[0] = &interrupt->signal.future;
    interrupt->choices[1] = other;
    (void)cmio_select_future_init(&interrupt->select, interrupt->choices, 2);
    return &interrupt->select.future;
}

int interrupt_number(struct interrupt *interrupt) {
    bool came = interrupt->select.future.result == 0;
    cmio_future_drop(&interrupt->signal.future);
    return came ? (int)interrupt->signal.future.result : 0;
}

void interrupt_close(struct interrupt *interrupt) {
    (void)cmio_io_close(&interrupt->io);
    (void)cmio_signals_close(&interrupt->signals);
}
