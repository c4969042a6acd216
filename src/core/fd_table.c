/* SPDX-License-Identifier: MIT */
#include "core/fd_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cmio__fd_table_free(struct cmio__fd_table *table) {
    for (size_t i = 0; i < table->page_count; i++)
        free(table->pages[i]);
    free(table->pages);
    *table = (struct cmio__fd_table){.pages = NULL};
}

/* Makes the list of pages long enough. Doubling it keeps the average cost of growth low. */
static int grow(struct cmio__fd_table *table, size_t index) {
    size_t count = table->page_count > 0 ? table->page_count : 4;
    while (count <= index)
        count *= 2;
    struct cmio__fd_page **pages = realloc(table->pages, count * sizeof *pages);
    if (pages == NULL)
        return -ENOMEM;
    memset(pages + table->page_count, 0, (count - table->page_count) * sizeof *pages);
    table->pages = pages;
    table->page_count = count;
    return 0;
}

int cmio__fd_table_insert(struct cmio__fd_table *table, int fd, cmio_token token,
                          cmio_interest interest, struct cmio__fd_slot **out) {
    const size_t index = (size_t)fd / CMIO__FD_PAGE_SLOTS;
    if (index >= table->page_count && grow(table, index) < 0)
        return -ENOMEM;
    if (table->pages[index] == NULL)
        table->pages[index] = calloc(1, sizeof *table->pages[index]);
    if (table->pages[index] == NULL)
        return -ENOMEM;
    struct cmio__fd_slot *slot = &table->pages[index]->slots[fd % CMIO__FD_PAGE_SLOTS];
    if (slot->interest != 0)
        return -EEXIST;
    *slot = (struct cmio__fd_slot){.token = token, .interest = interest};
    *out = slot;
    return 0;
}

void cmio__fd_table_remove(struct cmio__fd_slot *slot) {
    slot->interest = 0;
}
