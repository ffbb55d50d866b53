/* What the emulated GPU is: figures that several of the libraries state. */
#ifndef GRADSIEVE_EMULATION_GPU_H
#define GRADSIEVE_EMULATION_GPU_H

#include <stddef.h>
#include <stdlib.h>

namespace gradsieve {

const int EMULATED_VERSION = 13010; /* CUDA 13.1: what the JavaCPP presets are made for */
const int EMULATED_MULTIPROCESSORS = 4;
const char* const EMULATED_NAME = "emulated GPU (host memory)";

/* Bytes of device memory: GRADSIEVE_CUDA_MEMORY, else 4 GiB. */
inline size_t memory_limit() {
    const char* const text = getenv("GRADSIEVE_CUDA_MEMORY");
    const unsigned long long bytes = text == nullptr ? 0 : strtoull(text, nullptr, 10);
    return bytes == 0 ? size_t{4} << 30 : static_cast<size_t>(bytes);
}

}  // namespace gradsieve

#endif
