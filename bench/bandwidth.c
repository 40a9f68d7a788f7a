/* Read bandwidth: how fast N threads read a buffer far larger than the caches, each its own part, all at once.
 *
 *     cc -O3 -march=native -pthread bandwidth.c -o bandwidth && ./bandwidth THREADS MEGABYTES ROUNDS
 *
 * Prints the bytes a second of each round. Decoding reads every weight once a token, so this bounds it. */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint64_t lanes __attribute__((vector_size(64)));

struct part {
    const lanes *from;
    size_t count;
    uint64_t sum;
};

static pthread_barrier_t start, end;
static int rounds;

/* Eight accumulators, or the additions would wait for each other and not for memory. */
static uint64_t read_all(const lanes *from, size_t count) {
    lanes sum[8] = {0};
    for (size_t i = 0; i + 8 <= count; i += 8)
        for (int j = 0; j < 8; j++) sum[j] += from[i + j];
    uint64_t total = 0;
    for (int j = 0; j < 8; j++)
        for (int k = 0; k < 8; k++) total += sum[j][k];
    return total;
}

static void *reader(void *argument) {
    struct part *part = argument;
    for (int round = 0; round < rounds; round++) {
        pthread_barrier_wait(&start);
        part->sum += read_all(part->from, part->count);
        pthread_barrier_wait(&end);
    }
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    size_t bytes = (size_t)(argc > 2 ? atoi(argv[2]) : 1024) << 20;
    rounds = argc > 3 ? atoi(argv[3]) : 5;
    if (threads < 1 || threads > 256 || bytes == 0 || rounds < 1) return 2;
    lanes *buffer = aligned_alloc(1 << 21, bytes);
    if (buffer == NULL) return 1;
    memset(buffer, 1, bytes);

    struct part parts[256] = {0};
    pthread_t handles[256];
    size_t each = bytes / sizeof(lanes) / (size_t)threads;
    pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
    pthread_barrier_init(&end, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) {
        parts[i] = (struct part){buffer + each * (size_t)i, each, 0};
        if (pthread_create(&handles[i], NULL, reader, &parts[i]) != 0) return 1;
    }
    for (int round = 0; round < rounds; round++) {
        pthread_barrier_wait(&start);
        double begin = now();
        pthread_barrier_wait(&end);
        double taken = now() - begin;
        printf("%.0f\n", (double)(each * sizeof(lanes) * (size_t)threads) / taken);
    }
    uint64_t sum = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
        sum += parts[i].sum;
    }
    /* The sum is used, or the compiler would leave the reading out. */
    fprintf(stderr, "%llu\n", (unsigned long long)sum);
    free(buffer);
    return 0;
}
