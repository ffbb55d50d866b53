/*
 * What the stand-in for libcudart gives to kernels (runtime.h is its own word for it). Weak: without it launches run at once, reports
 * end the process.
 */
#ifndef GRADSIEVE_EMULATION_KERNEL_RUNTIME_H
#define GRADSIEVE_EMULATION_KERNEL_RUNTIME_H

#include <cstddef>

extern "C" {

typedef struct gs_emulated_access {
    const void* address;
    int write;
} gs_emulated_access;

#pragma GCC visibility push(default)
__attribute__((weak)) int gs_emulated_enqueue(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* argument,
                                              const gs_emulated_access* accesses, int count);
__attribute__((weak)) int gs_emulated_allocation(const void* address, void** base, size_t* bytes, unsigned char** written);
__attribute__((weak)) void gs_emulated_report(int error, const char* report);
#pragma GCC visibility pop
}

#endif
