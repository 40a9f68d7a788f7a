/* Preloaded into a process, makes its wall clock late by STRIKE_CLOCK_LAG_MS milliseconds: src/slow_clock.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static long lag(void) {
    const char *text = getenv("STRIKE_CLOCK_LAG_MS");
    return text ? atol(text) : 0;
}

int clock_gettime(clockid_t id, struct timespec *time) {
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, time);
    if (result == 0 && id == CLOCK_REALTIME) {
        long late = lag();
        time->tv_sec -= late / 1000;
        time->tv_nsec -= late % 1000 * 1000000;
        if (time->tv_nsec < 0) {
            time->tv_nsec += 1000000000;
            time->tv_sec -= 1;
        }
    }
    return result;
}
