/* SPDX-License-Identifier: MIT */

/*
 * libcurl in a loop on cmio, through the multi interface's socket functions: many downloads at
 * once, on one thread.
 *
 *     curl http://127.0.0.1:8080/file 100
 *
 * downloads a file 100 times. The file is checked: byte number n is the letter 'a' + n % 23.
 */

#include <curl/curl.h>

#include "check.h"
#include "watch.h"

/* ---- The adapter ---- */

struct curl_loop {
    struct watches *watches;
    CURLM *multi;
    int64_t deadline; /* when libcurl must be called without an event */
};

static void curl_loop_act(struct curl_loop *loop, curl_socket_t fd, int what) {
    int running;
    CHECK(curl_multi_socket_action(loop->multi, fd, what, &running) == CURLM_OK);
}

static void on_ready(struct watch *watch, uint32_t ready) {
    int what = (ready & CMIO_READABLE ? CURL_CSELECT_IN : 0) |
               (ready & CMIO_WRITABLE ? CURL_CSELECT_OUT : 0);
    curl_loop_act(watch->owner, cmio_fd_source_fd(&watch->source), what); /* may free the watch */
}

/* libcurl reports what it waits for, and removes a socket before it closes it. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_data) {
    struct curl_loop *loop = user;
    struct watch *watch = socket_data;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            watch_stop(loop->watches, watch);
        free(watch);
        return 0;
    }
    if (watch == NULL) {
        watch = calloc(1, sizeof *watch);
        if (watch == NULL || curl_multi_assign(loop->multi, fd, watch) != CURLM_OK) {
            free(watch);
            return -1;
        }
        watch->on_ready = on_ready;
        watch->owner = loop;
    }
    cmio_interest interest =
        (what & CURL_POLL_IN ? CMIO_READABLE : 0) | (what & CURL_POLL_OUT ? CMIO_WRITABLE : 0);
    return watch_set(loop->watches, watch, fd, interest) < 0 ? -1 : 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *user) {
    struct curl_loop *loop = user;
    (void)multi;
    loop->deadline = milliseconds < 0 ? CMIO_FOREVER : cmio_now() + milliseconds * CMIO_MILLISECOND;
    return 0;
}

static int curl_loop_open(struct curl_loop *loop, struct watches *watches) {
    *loop = (struct curl_loop){.watches = watches, .deadline = CMIO_FOREVER};
    loop->multi = curl_multi_init();
    if (loop->multi == NULL)
        return -ENOMEM;
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return 0;
}

/* Call it after every wait. No wait may last beyond the deadline. */
static void curl_loop_run_timer(struct curl_loop *loop) {
    if (loop->deadline == CMIO_FOREVER || cmio_now() < loop->deadline)
        return;
    loop->deadline = CMIO_FOREVER; /* unless on_timer() sets the next */
    curl_loop_act(loop, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- The program ---- */

struct download {
    CURL *easy;
    size_t length;
};

static size_t on_data(char *data, size_t size, size_t count, void *user) {
    struct download *download = user;
    for (size_t i = 0; i < size * count; i++)
        CHECK(data[i] == (char)('a' + (int)((download->length + i) % 23)));
    download->length += size * count;
    return size * count;
}

static void download_start(struct download *download, CURLM *multi, const char *url) {
    download->easy = curl_easy_init();
    CHECK(download->easy != NULL);
    curl_easy_setopt(download->easy, CURLOPT_URL, url);
    curl_easy_setopt(download->easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(download->easy, CURLOPT_WRITEDATA, download);
    curl_easy_setopt(download->easy, CURLOPT_PRIVATE, download);
    CHECK(curl_multi_add_handle(multi, download->easy) == CURLM_OK);
}

static void download_end(struct download *download, CURLM *multi, CURLcode result) {
    long status;
    curl_off_t announced;
    curl_easy_getinfo(download->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(download->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    CHECK(result == CURLE_OK && status == 200);
    CHECK(download->length > 0 && (curl_off_t)download->length == announced);
    curl_multi_remove_handle(multi, download->easy);
    curl_easy_cleanup(download->easy);
}

/* Returns how many downloads have ended since the last call. */
static int collect(CURLM *multi) {
    int ended = 0, left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        char *download;
        CHECK(message->msg == CURLMSG_DONE);
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &download);
        download_end((struct download *)download, multi, message->data.result);
        ended++;
    }
    return ended;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    int count = (int)strtol(argv[2], NULL, 10), ended = 0;
    struct watches watches;
    struct curl_loop loop;
    CHECK(count > 0 && watches_open(&watches) == 0);
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    CHECK(curl_loop_open(&loop, &watches) == 0);
    struct download *downloads = calloc((size_t)count, sizeof *downloads);
    CHECK(downloads != NULL);
    for (int i = 0; i < count; i++)
        download_start(&downloads[i], loop.multi, argv[1]);
    for (int64_t give_up = cmio_now() + longest_wait; ended < count;) {
        CHECK(cmio_now() < give_up);
        CHECK(watches_turn(&watches, earlier(loop.deadline, give_up)) >= 0);
        curl_loop_run_timer(&loop);
        ended += collect(loop.multi);
    }
    printf("%d downloads of %zu bytes\n", ended, downloads[0].length);
    CHECK(curl_multi_cleanup(loop.multi) == CURLM_OK);
    free(downloads);
    curl_global_cleanup();
    watches_close(&watches);
    return EXIT_SUCCESS;
}
