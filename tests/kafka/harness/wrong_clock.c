/* A wall clock that is off by CLOCK_OFF seconds, for a program that this is preloaded into. Only what Rust
   reads is: librdkafka waits until absolute times of gettimeofday, by a clock that the kernel knows. And
   libfaketime allocates while an allocator begins, which ours does not survive. */

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    const char *off = getenv("CLOCK_OFF");
    if (!failed && clock == CLOCK_REALTIME && off)
        now->tv_sec += atol(off);
    return failed;
}
