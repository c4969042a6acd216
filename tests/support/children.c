/* SPDX-License-Identifier: MIT */
#include "support/children.h"

#include <errno.h>
#include <unistd.h>

#include <cmio/child.h>

#include "support/test.h"

void test_skip_without_children(void) {
    struct cmio_child self;
    const int error = cmio_child_init(&self, getpid());
    if (error == -ENOSYS || error == -ENOTSUP) {
        print_message("the system has no descriptor for a process, or valgrind hides pidfd_open\n");
        skip();
    }
    TEST_OK(error);
    TEST_OK(cmio_child_close(&self));
}
