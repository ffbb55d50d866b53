/*
 * Planted faults: kernels that are wrong in one thing each, and what says so in the fast and in the checked build of the emulation.
 * All would give out[i] = in[i] + 1, in[i] = i, for i < n, n a multiple of 64; nothing else of `out` may change.
 *
 * To add one: the kernel and FAULT(name, launch) in the file of its family, a line in GS_FAULTS.
 */
#ifndef GRADSIEVE_FAULTS_H
#define GRADSIEVE_FAULTS_H

/*
 * What shows a fault, at every launch, whatever the order:
 *   REPORT  a report with the words, the next synchronising call fails
 *   RESULT  a wrong result, or a report
 *   STATUS  the launch is refused, the last error has the words
 *   ABORT   the process is aborted, its first line has the words; not tried where device memory is open to the host
 *   NOTHING what this build cannot see
 */
enum class Shows { REPORT, RESULT, STATUS, ABORT, NOTHING };

/*      name                     fast     checked  words in the checked build (| between alternatives) */
#define GS_FAULTS(X)                                                                                       \
    X(none_sums,                 NOTHING, NOTHING, "")                                                     \
    X(none_warps,                NOTHING, NOTHING, "")                                                     \
    X(none_copies,               NOTHING, NOTHING, "")                                                     \
    X(none_atomics,              NOTHING, NOTHING, "")                                                     \
    X(none_bytes,                NOTHING, NOTHING, "")                                                     \
    X(none_product,              NOTHING, NOTHING, "")                                                     \
    X(none_little_by_little,     NOTHING, NOTHING, "")                                                     \
    X(read_beyond,               REPORT,  REPORT,  "out-of-bounds")                                        \
    X(read_a_word_beyond,        NOTHING, REPORT,  "out-of-bounds read")                                   \
    X(write_beyond,              REPORT,  REPORT,  "out-of-bounds")                                        \
    X(write_a_word_beyond,       NOTHING, REPORT,  "out-of-bounds write")                                  \
    X(write_before,              NOTHING, REPORT,  "out-of-bounds write")                                  \
    X(half_a_vector_beyond,      NOTHING, REPORT,  "out-of-bounds")                                        \
    X(shared_read_beyond,        REPORT,  REPORT,  "shared array slots|index outside")                     \
    X(shared_write_beyond,       REPORT,  REPORT,  "shared array slots|index outside")                     \
    X(dynamic_write_beyond,      REPORT,  REPORT,  "shared array bytes")                                   \
    X(unwritten_shared,          RESULT,  REPORT,  "reads what nothing wrote")                             \
    X(unwritten_device,          RESULT,  REPORT,  "reads what nothing wrote")                             \
    X(misaligned_vector,         REPORT,  REPORT,  "misaligned")                                           \
    X(host_argument,             STATUS,  STATUS,  "does not point to device memory")                      \
    X(host_address,              NOTHING, REPORT,  "no memory of the device")                              \
    X(host_reads,                ABORT,   ABORT,   "host code reads device memory: byte 4 of the [0-9]+ at")  \
    X(host_writes,               ABORT,   ABORT,   "host code writes device memory: byte 0 of the [0-9]+ at") \
    X(host_copies,               ABORT,   ABORT,   "host code reads device memory: byte [0-9]+ of the")   \
    X(no_barrier_before_read,    RESULT,  REPORT,  "nothing between that orders them|what nothing wrote")  \
    X(no_barrier_before_write,   RESULT,  REPORT,  "nothing between that orders them")                     \
    X(no_wait,                   RESULT,  REPORT,  "what nothing wrote|nothing between that orders them")  \
    X(wait_without_barrier,      RESULT,  REPORT,  "nothing between that orders them|what nothing wrote")  \
    X(barrier_in_a_branch,       REPORT,  REPORT,  "have returned|wait for it at __syncthreads")           \
    X(two_barriers,              REPORT,  REPORT,  "others wait at another one")                           \
    X(barrier_against_shuffle,   REPORT,  REPORT,  "nobody can go on")                                     \
    X(return_before_barrier,     REPORT,  REPORT,  "have returned|wait for it at __syncthreads")           \
    X(return_before_shuffle,     REPORT,  REPORT,  "have returned|waits for it in __shfl_down_sync")       \
    X(no_syncwarp,               RESULT,  REPORT,  "nothing between that orders them|what nothing wrote")  \
    X(shuffle_for_syncwarp,      NOTHING, REPORT,  "nothing between that orders them")                     \
    X(syncwarp_for_barrier,      RESULT,  REPORT,  "nothing between that orders them|what nothing wrote")  \
    X(syncwarp_of_half,          RESULT,  REPORT,  "nothing between that orders them|what nothing wrote")  \
    X(two_blocks_write,          NOTHING, REPORT,  "which another block wrote")                            \
    X(block_reads_another,       RESULT,  REPORT,  "which another block (wrote|read)|what nothing wrote")  \
    X(two_threads_write,         NOTHING, REPORT,  "which thread [0-9]+ wrote")                            \
    X(atomic_and_plain,          NOTHING, REPORT,  "nothing between that orders them")                     \
    X(shuffle_outside_width,     REPORT,  REPORT,  "outside the width of 16")                              \
    X(shuffle_outside_mask,      REPORT,  REPORT,  "which mask 0x0000ffff has not")                        \
    X(mask_without_caller,       REPORT,  REPORT,  "which has not its own lane")                           \
    X(masks_that_differ,         REPORT,  REPORT,  "mask 0xffffffff, and|can go on|waits for it in")       \
    X(operations_that_differ,    REPORT,  REPORT,  "and thread [0-9]+ calls")                              \
    X(not_rounded_to_tf32,       REPORT,  REPORT,  "not rounded to tf32")                                  \
    X(fragment_between,          REPORT,  REPORT,  "not at multiples of 32 bytes")                         \
    X(block_too_large,           STATUS,  STATUS,  "a block of 1056 threads")                              \
    X(block_of_part_of_a_warp,   STATUS,  STATUS,  "not of whole warps")                                   \
    X(no_blocks,                 STATUS,  STATUS,  "a grid of 0 x 1 x 1")                                  \
    X(grid_too_high,             STATUS,  STATUS,  "a grid of 1 x 65536 x 1")                              \
    X(too_much_dynamic_shared,   STATUS,  STATUS,  "bytes of dynamic shared memory")                       \
    X(too_much_static_shared,    REPORT,  REPORT,  "bytes of static shared memory")                        \
    X(too_much_shared,           REPORT,  REPORT,  "of static and [0-9]+ of dynamic shared memory")        \
    X(too_much_local,            REPORT,  REPORT,  "bytes of local arrays")                                \
    X(division_by_zero,          REPORT,  REPORT,  "divi")                                                 \
    X(overflow,                  NOTHING, REPORT,  "addition of whole numbers overflows")                  \
    X(wide_shift,                NOTHING, REPORT,  "shift by more bits")

extern "C" {
#pragma GCC visibility push(default)
#define GS_DECLARE(name, fast, checked, words) int gs_cuda_fault_##name(const float* in, float* out, int n, void* stream);
GS_FAULTS(GS_DECLARE)
#undef GS_DECLARE
#pragma GCC visibility pop
}

#define FAULT(name, launch)                                                                    \
    extern "C" int gs_cuda_fault_##name(const float* in, float* out, int n, void* stream) {    \
        (void)in, (void)out, (void)n;                                                          \
        return launch;                                                                         \
    }

#endif
