/*
 * How the emulation of kernels, the other stand-in libraries and tests reach the stand-in CUDA runtime; exported from
 * libcudart.so.13, the last group from libcuda.so.1.
 */
#ifndef GRADSIEVE_EMULATION_RUNTIME_H
#define GRADSIEVE_EMULATION_RUNTIME_H

#include <stddef.h>

extern "C" {

typedef struct gs_emulated_access {
    const void* address;
    int write;
} gs_emulated_access;

/*
 * Queues work on a stream, or records it in the graph that the stream captures: run(argument) is called later by the device's
 * thread, in a graph at every launch; release(argument) when nothing needs it any more, at once if this fails. Returns a
 * cudaError_t.
 */
int gs_emulated_enqueue(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* argument,
                        const gs_emulated_access* accesses, int count);
/* The live device allocation (cudaMalloc) that an address lies in: 1 and its base and bytes, else 0. written: its shadow, a byte
 * for each 4 bytes, 1 = was written. Any of the three may be NULL. */
int gs_emulated_allocation(const void* address, void** base, size_t* bytes, unsigned char** written);
/* 1: device memory is closed to the host's code, which ends the process by touching it. Not on every machine. */
int gs_emulated_closed_to_host(void);
/* From running work: an error of the device; later calls return it (sticky, as on a GPU), and the report goes to stderr once. */
void gs_emulated_report(int error, const char* report);

/* For tests: waits until the device is idle, then forgets its error as no GPU would; returns it. */
int gs_emulated_reset(void);
/* The last report, "" if there was none since the last reset. */
const char* gs_emulated_last_report(void);
/* Allocations, streams, events, graphs and handles that are alive, each named on stderr if `print`; returns how many. At exit too
 * with GRADSIEVE_CUDA_LEAKS=1. */
int gs_emulated_leaks(int print);

/* 1: this libcuda is an emulation. */
int gs_emulated(void);
/* Makes calls fail, as GRADSIEVE_CUDA_FAIL does: "function:n[+][:code],..." the n-th call from now on of that function (and all
 * later ones with +) with that code; "" ends it. A kernel's launch counts as cudaLaunchKernel. */
void gs_emulated_fail(const char* what);
}

#endif
