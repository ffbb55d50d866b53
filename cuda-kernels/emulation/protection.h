/*
 * Device memory is closed to the host's code, which on a GPU could not read it: there the process would crash. All of it has one
 * memory protection key of the processor's, and each thread a right of its own to that key. The device's thread opens it while an
 * operation runs; every other thread finds it closed, and so does a function of cudaLaunchHostFunc. mprotect counts for all threads
 * and would let the host read while any kernel runs; memory mapped twice would need every pointer translated, those in arguments and
 * in memory too. To open and close takes 36 ns. Where the processor or the kernel has no such keys, all memory is open.
 */
#ifndef GRADSIEVE_EMULATION_PROTECTION_H
#define GRADSIEVE_EMULATION_PROTECTION_H

#include <stddef.h>

namespace gradsieve {

class Memory;

/* Whether device memory is closed to the host's code. */
bool closed_to_host();

/* Makes pages device memory, which may be read and written where it is open; false: the system refuses. */
bool make_device_memory(void* pages, size_t bytes);

/* From now on an access of the host's code to this memory is one line on stderr and the end of the process, SIGABRT; a JVM writes
 * its report of a crash before. */
void report_accesses(const Memory& memory);

/* While one lives, device memory is open to its thread. */
class Opened {
public:
    Opened();
    ~Opened();
    Opened(const Opened&) = delete;

private:
    const bool before_;
};

}  // namespace gradsieve

#endif
