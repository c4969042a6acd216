/* SPDX-License-Identifier: MIT */
#include "async/url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmio/error.h>
#include <cmio/time.h>

#include "common/arguments.h"
#include "common/program.h"

static const char scheme[] = "http://";

/* Whether the text may be sent in a request: it has no white space and no fragment. */
static bool is_clean(const char *text) {
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 0x7f || *text == '#')
            return false;
    return true;
}

static bool parse_url(const char *text, struct url *url) {
    if (strncmp(text, scheme, strlen(scheme)) != 0 || strlen(text) > LONGEST_URL || !is_clean(text))
        return false;
    const char *authority = text + strlen(scheme);
    size_t length = strcspn(authority, "/?");
    *url = (struct url){.text = text, .authority = authority, .result = -ECANCELED};
    url->authority_length = (int)length;
    url->path = authority + length;
    return target_parse(authority, length, 80, &url->target);
}

struct url *urls_parse(char *const *texts, size_t count) {
    if (count == 0) {
        message("a URL is required (see --help)");
        return NULL;
    }
    struct url *urls = calloc(count, sizeof *urls);
    for (size_t i = 0; urls != NULL && i < count; i++) {
        if (parse_url(texts[i], &urls[i]))
            continue;
        (void)arguments_complain(texts[i], "not a URL such as http://localhost:80/path");
        free(urls);
        return NULL;
    }
    return urls;
}

bool url_report(const struct url *url) {
    if (url->result >= 0)
        return print_text(STDOUT_FILENO, "%s: %zd, %" PRIu64 " bytes, %.1f ms\n", url->text,
                          url->result, url->bytes,
                          (double)url->took / (double)CMIO_MILLISECOND) == EXIT_SUCCESS;
    return print_text(STDERR_FILENO, "async_fetch: %s: %s (tries: %" PRIu64 ")\n", url->text,
                      cmio_strerror((int)url->result), url->tries) == EXIT_SUCCESS;
}
