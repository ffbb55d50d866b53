/* What the stand-ins of cuBLAS and cuDNN have from the stand-in runtime, beside runtime.h. */
#ifndef GRADSIEVE_EMULATION_LIBRARY_H
#define GRADSIEVE_EMULATION_LIBRARY_H

#include <stddef.h>

extern "C" {

/* GS_WRITES_PARTLY: writes, but with gaps; the operation says what, as it runs, by gs_emulated_written. */
enum { GS_READS = 0, GS_WRITES = 1, GS_WRITES_PARTLY = 2 };

typedef struct gs_emulated_range {
    const void* address;
    size_t bytes;
    int write;
} gs_emulated_range;

/* As gs_emulated_enqueue, for an operation that knows what it uses: all of it must be device memory. */
int gs_emulated_operation(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* argument,
                          const gs_emulated_range* ranges, int count);
/* The same, for one whose turn comes only when ready(argument) is not 0: asked again and again, of a stream that is not captured,
 * with the runtime locked, so it must call nothing of the runtime. Once the device is broken nobody asks and it does not run. */
int gs_emulated_operation_when(void* stream, const char* name, int (*ready)(void*), void (*run)(void*), void (*release)(void*),
                               void* argument, const gs_emulated_range* ranges, int count);
/* Device memory that was written: `count` times `bytes`, one beginning `step` bytes after the other. */
void gs_emulated_written(const void* address, size_t bytes, size_t step, size_t count);
int gs_emulated_is_stream(void* stream);
/* The error of the device that every call returns, or 0. */
int gs_emulated_broken(void);
/* Handles and descriptors that are alive; closed: 1 if it was. */
void gs_emulated_opened(const void* handle, const char* what);
int gs_emulated_closed(const void* handle, const char* what);
int gs_emulated_is_open(const void* handle, const char* what);
}

#endif
