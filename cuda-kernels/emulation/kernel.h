/*
 * CUDA kernels on the host: what kernel source finds when it is compiled by g++ -DGS_EMULATED. The threads of a block are fibers that
 * change only at barriers and warp operations, in an order drawn from GRADSIEVE_CUDA_SEED; blocks run in a drawn order too. What goes
 * wrong is reported in one line and ends the launch with an error of the device (README.md has the list).
 */
#ifndef GRADSIEVE_EMULATION_KERNEL_H
#define GRADSIEVE_EMULATION_KERNEL_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernel_math.h"
#include "kernel_vectors.h"

#define __host__
#define __device__
#define __global__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

/* Instrumented code that looks at what other threads of the emulation hold. */
#define GS_EMULATION_INSIDE __attribute__((no_sanitize_thread, noinline))

namespace emulation {

/* Where in the source an operation stands. */
struct Place {
    const char* file;
    int line;
};
constexpr Place here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }

/* What a running thread reads of itself; the machine's own part of it is in kernel_machine.h. */
struct Indices {
    uint3 thread, block;
    dim3 threads, blocks;
};
extern __thread const Indices* current __attribute__((tls_model("initial-exec")));
#ifdef GS_CHECKED
const Indices& indices() __attribute__((const)); /* not inline: its own reads are not the kernel's */
#else
inline const Indices& indices() { return *current; }
#endif

/* ---- launch -------------------------------------------------------------------------------------------------------- */

struct Argument {
    const void* address;
    bool write;
    bool direct; /* a parameter itself; false: somewhere within a struct */
};
constexpr int MOST_ARGUMENTS = 64;

/* One launch of a kernel with its arguments by value. */
struct Launch {
    const char* name;
    dim3 grid, block;
    size_t shared;
    size_t bytes; /* of the whole object, arguments included */
    Argument arguments[MOST_ARGUMENTS];
    int count = 0;
    uint64_t number = 0, replays = 0;

    virtual void run_thread() const = 0;
    virtual ~Launch() = default;

    template <class T>
    void note(const T& value) {
        if constexpr (std::is_pointer_v<T>) {
            note({value, !std::is_const_v<std::remove_pointer_t<T>>, true});
        } else if constexpr (std::is_class_v<T>) {
            for (size_t at = 0; at + sizeof(void*) <= sizeof value; at += sizeof(void*)) {
                const void* word;
                memcpy(&word, reinterpret_cast<const char*>(&value) + at, sizeof word);
                note({word, false, false});
            }
        }
    }
    void note(Argument argument);
};

template <class... P>
struct Call final : Launch {
    void (*kernel)(P...);
    std::tuple<P...> values;

    template <class... A>
    explicit Call(void (*function)(P...), A&&... arguments) : kernel(function), values(std::forward<A>(arguments)...) {
        bytes = sizeof *this;
        std::apply([this](const auto&... value) { (note(value), ...); }, values);
    }
    void run_thread() const override {
        std::apply([this](const auto&... value) { kernel(value...); }, values);
    }
};

/* A gs_cuda_status. Takes the launch over. */
int enqueue(Launch* launch, const char* name, dim3 grid, dim3 block, size_t shared, void* stream);

template <class... P, class... A>
int launch(const char* name, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared, void* stream, A&&... arguments) {
    static_assert((std::is_trivially_copyable_v<P> && ...), "arguments are copied to the device");
    return enqueue(new Call<P...>(kernel, std::forward<A>(arguments)...), name, grid, block, shared, stream);
}

/* ---- what a thread does with others ---------------------------------------------------------------------------------- */

void* shared_array(const void* key, const char* name, size_t bytes);
unsigned char* dynamic_shared(const char* name);

enum class Vote { NONE, COUNT, AND, OR };
int block_barrier(Vote vote, int value, Place place);
void warp_barrier(unsigned mask, Place place);

enum class Shuffle { INDEX, UP, DOWN, XOR };
uint64_t shuffle(Shuffle kind, unsigned mask, uint64_t bits, int argument, int width, Place place);
/* One bit of each lane. */
unsigned ballot(unsigned mask, bool value, const char* name, Place place);
/* All of the mask meet; the last to come runs complete(data of all lanes, mask) for everybody. */
void meet(unsigned mask, const char* name, void (*complete)(void* const* data, unsigned mask), void* data, Place place);
int lane();
[[noreturn]] void wrong(const char* format, ...) __attribute__((format(printf, 1, 2)));

void copy_async(void* to, const void* from, size_t bytes, size_t zeros);
void copy_commit();
void copy_wait(size_t prior);

enum class Atomic { ADD, MIN, MAX, AND, OR, XOR, EXCHANGE };
template <class T>
T atomic(Atomic operation, T* at, T value);
template <class T>
T atomic_compare_and_swap(T* at, T compare, T value);

}  // namespace emulation

#define threadIdx (emulation::indices().thread)
#define blockIdx (emulation::indices().block)
#define blockDim (emulation::indices().threads)
#define gridDim (emulation::indices().blocks)

#define GS_LAUNCH(kernel, grid, block, shared, stream, ...) \
    ::emulation::launch(#kernel, (kernel), dim3(grid), dim3(block), static_cast<size_t>(shared), (stream), __VA_ARGS__)
#define GS_SHARED(type, name, count)                                                     \
    static const char name##_key = 0;                                                    \
    type(&name)[count] = *static_cast<type(*)[count]>(emulation::shared_array(&name##_key, #name, sizeof(type[count])))
#define GS_DYNAMIC_SHARED(name) unsigned char* const name = emulation::dynamic_shared(#name)

namespace gradsieve {
/* Few, so that grids that fill the card stay small. */
inline int multiprocessors() { return 4; }
/* GRADSIEVE_CUDA_SHARED (bytes), so that the forms for smaller cards are met too; else an H200's. */
int max_shared();
}  // namespace gradsieve

inline void __syncthreads(emulation::Place place = emulation::here()) {
    emulation::block_barrier(emulation::Vote::NONE, 0, place);
}
inline int __syncthreads_count(int value, emulation::Place place = emulation::here()) {
    return emulation::block_barrier(emulation::Vote::COUNT, value, place);
}
inline int __syncthreads_and(int value, emulation::Place place = emulation::here()) {
    return emulation::block_barrier(emulation::Vote::AND, value, place);
}
inline int __syncthreads_or(int value, emulation::Place place = emulation::here()) {
    return emulation::block_barrier(emulation::Vote::OR, value, place);
}
inline void __syncwarp(unsigned mask = 0xffffffffu, emulation::Place place = emulation::here()) {
    emulation::warp_barrier(mask, place);
}

namespace emulation {
template <class T>
inline T shuffle_value(Shuffle kind, unsigned mask, T value, int argument, int width, Place place) {
    static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), "a number of 4 or 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = shuffle(kind, mask, bits, argument, width, place);
    memcpy(&value, &bits, sizeof value);
    return value;
}
}  // namespace emulation

template <class T>
inline T __shfl_sync(unsigned mask, T value, int source, int width = 32, emulation::Place place = emulation::here()) {
    return emulation::shuffle_value(emulation::Shuffle::INDEX, mask, value, source, width, place);
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32, emulation::Place place = emulation::here()) {
    return emulation::shuffle_value(emulation::Shuffle::UP, mask, value, static_cast<int>(distance), width, place);
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32, emulation::Place place = emulation::here()) {
    return emulation::shuffle_value(emulation::Shuffle::DOWN, mask, value, static_cast<int>(distance), width, place);
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, emulation::Place place = emulation::here()) {
    return emulation::shuffle_value(emulation::Shuffle::XOR, mask, value, lanes, width, place);
}
inline unsigned __ballot_sync(unsigned mask, int value, emulation::Place place = emulation::here()) {
    return emulation::ballot(mask, value != 0, "__ballot_sync", place);
}
inline int __any_sync(unsigned mask, int value, emulation::Place place = emulation::here()) {
    return emulation::ballot(mask, value != 0, "__any_sync", place) != 0;
}
inline int __all_sync(unsigned mask, int value, emulation::Place place = emulation::here()) {
    return emulation::ballot(mask, value != 0, "__all_sync", place) == mask;
}

/* On whole numbers alone: sums of floats would depend on the order. */
#define GS_EMULATED_ATOMIC(name, operation)             \
    template <class T>                                  \
    inline T name(T* at, T value) {                     \
        return emulation::atomic(emulation::Atomic::operation, at, value); \
    }
GS_EMULATED_ATOMIC(atomicAdd, ADD)
GS_EMULATED_ATOMIC(atomicMin, MIN)
GS_EMULATED_ATOMIC(atomicMax, MAX)
GS_EMULATED_ATOMIC(atomicAnd, AND)
GS_EMULATED_ATOMIC(atomicOr, OR)
GS_EMULATED_ATOMIC(atomicXor, XOR)
GS_EMULATED_ATOMIC(atomicExch, EXCHANGE)
float atomicAdd(float*, float) = delete;
double atomicAdd(double*, double) = delete;
template <class T>
inline T atomicCAS(T* at, T compare, T value) {
    return emulation::atomic_compare_and_swap(at, compare, value);
}

inline void __pipeline_memcpy_async(void* to, const void* from, size_t bytes, size_t zeros = 0) {
    emulation::copy_async(to, from, bytes, zeros);
}
inline void __pipeline_commit() { emulation::copy_commit(); }
inline void __pipeline_wait_prior(size_t prior) { emulation::copy_wait(prior); }

#include "kernel_matrix.h"

#endif
