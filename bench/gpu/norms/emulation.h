/*
 * The part of CUDA that these kernels use, for g++ on a machine without a GPU: a block's threads are fibers on one host thread,
 * resumed in a random order (seeded) between barriers. What shows: wrong indices (every allocation and the shared memory end at a
 * page that cannot be read, to 128 bytes), reads of the unwritten (all memory starts as NaN), missing barriers and waits (copies arrive only
 * at the wait; the order of threads changes), misaligned tiles, operands that were not rounded to tf32. Fragments have a layout of
 * their own, so a kernel that relies on the hardware's gives wrong results here.
 */
#pragma once

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include <vector_functions.h>
#include <vector_types.h>

#include <cuda_bf16.h>

#undef __launch_bounds__
#undef __host__
#undef __device__
#undef __global__
#undef __forceinline__
#define __launch_bounds__(...)
#define __host__
#define __device__
#define __global__
#define __forceinline__ inline

using std::max;
using std::min;

namespace emulation {

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "emulation: %s\n", what);
    std::abort();
}

struct Copy {
    char* to;
    const char* from;
    size_t zeros;
};

struct Thread {
    ucontext_t context;
    uint3 index;
    bool done;
    std::vector<Copy> open;                   /* copies not yet committed */
    std::vector<std::vector<Copy>> committed; /* groups not yet waited for */
};

struct Barrier {
    int waiting = 0, generation = 0;
};

struct Block {
    std::vector<Thread> threads;
    Barrier barrier;
    std::vector<Barrier> warps;
    std::vector<std::array<char, 4096>> exchange; /* a warp's lanes meet here */
    std::map<const void*, std::pair<void*, size_t>> named; /* static shared memory by its declaration */
    unsigned char* dynamic;
    ucontext_t scheduler;
    int current;
    std::mt19937 random{12345};
    std::function<void()> body;
    uint3 block_index;
};

inline Block block;
inline std::vector<char*> stacks;
constexpr size_t STACK = 128 * 1024;

inline Thread& self() { return block.threads[block.current]; }

inline void yield() { swapcontext(&self().context, &block.scheduler); }

inline void arrive(Barrier& barrier, int count) {
    int generation = barrier.generation;
    if (++barrier.waiting == count) {
        barrier.waiting = 0;
        barrier.generation++;
    } else {
        while (barrier.generation == generation) yield();
    }
}

inline void warp_barrier() { arrive(block.warps[block.current / 32], 32); }
inline char* warp_exchange() { return block.exchange[block.current / 32].data(); }

/* Memory whose end is the end of a page, before one that cannot be touched. */
inline void* guarded(size_t bytes) {
    size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), rounded = (bytes + 127) / 128 * 128, pages = (rounded + page - 1) / page;
    char* base = static_cast<char*>(mmap(nullptr, (pages + 2) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base == MAP_FAILED) fail("no memory");
    if (mprotect(base + (pages + 1) * page, page, PROT_NONE) || mprotect(base, page, PROT_NONE)) fail("mprotect");
    void* memory = base + page + pages * page - rounded;
    std::memset(memory, 0xff, rounded);
    return memory;
}

inline void* static_shared(const void* name, size_t bytes) {
    std::pair<void*, size_t>& memory = block.named[name];
    if (!memory.first) memory = {guarded(bytes), bytes};
    return memory.first;
}

inline void entry() {
    block.body();
    self().done = true;
    swapcontext(&self().context, &block.scheduler);
}

inline unsigned char* shared_memory(size_t bytes) {
    static std::map<size_t, unsigned char*> kept;
    unsigned char*& memory = kept[bytes];
    if (!memory) memory = static_cast<unsigned char*>(guarded(bytes));
    std::memset(memory, 0xff, bytes);
    return memory;
}

inline void run_block(int threads, size_t shared, uint3 index) {
    block.threads.assign(static_cast<size_t>(threads), Thread());
    block.warps.assign(static_cast<size_t>(threads / 32), Barrier());
    block.exchange.resize(static_cast<size_t>(threads / 32));
    block.barrier = Barrier();
    block.block_index = index;
    block.dynamic = shared ? shared_memory(shared) : nullptr;
    while (static_cast<int>(stacks.size()) < threads) stacks.push_back(static_cast<char*>(std::malloc(STACK)));
    std::vector<int> order;
    for (int t = 0; t < threads; t++) {
        Thread& thread = block.threads[static_cast<size_t>(t)];
        thread.index = {static_cast<unsigned>(t), 0, 0};
        thread.done = false;
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = stacks[static_cast<size_t>(t)];
        thread.context.uc_stack.ss_size = STACK;
        thread.context.uc_link = nullptr;
        makecontext(&thread.context, entry, 0);
        order.push_back(t);
    }
    int idle = 0;
    while (!order.empty()) {
        if (block.random() % 4 == 0) std::shuffle(order.begin(), order.end(), block.random);
        int before = 0;
        for (const Barrier& b : block.warps) before += b.generation + b.waiting;
        before += block.barrier.generation + block.barrier.waiting;
        for (int t : order) {
            block.current = t;
            swapcontext(&block.scheduler, &block.threads[static_cast<size_t>(t)].context);
        }
        size_t alive = order.size();
        order.erase(std::remove_if(order.begin(), order.end(), [](int t) { return block.threads[static_cast<size_t>(t)].done; }),
                    order.end());
        int after = 0;
        for (const Barrier& b : block.warps) after += b.generation + b.waiting;
        after += block.barrier.generation + block.barrier.waiting;
        idle = before == after && alive == order.size() ? idle + 1 : 0;
        if (idle > 3) fail("a barrier that not all threads reach");
    }
}

template <class Body>
void launch(dim3 grid, dim3 threads, size_t shared, Body body) {
    if (threads.x % 32 != 0 || threads.x > 1024 || threads.y != 1 || grid.y != 1 || grid.x == 0) fail("launch shape");
    if (shared > 227 * 1024) fail("too much shared memory");
    block.body = body;
    for (unsigned b = 0; b < grid.x; b++) {
        for (auto& [name, memory] : block.named) std::memset(memory.first, 0xff, memory.second);
        run_block(static_cast<int>(threads.x), shared, {b, 0, 0});
    }
}

}  // namespace emulation

#define threadIdx (emulation::self().index)
#define blockIdx (emulation::block.block_index)
#define blockDim (uint3{static_cast<unsigned>(emulation::block.threads.size()), 1, 1})

#define LAUNCH(kernel, grid, threads, shared, stream, ...) \
    ((void)(stream),                                       \
     emulation::launch(dim3(static_cast<unsigned>(grid)), dim3(static_cast<unsigned>(threads)), shared, [&] { (kernel)(__VA_ARGS__); }))
#define SHARED(type, name, count) \
    static const char name##_key = 0; \
    type* const name = static_cast<type*>(emulation::static_shared(&name##_key, sizeof(type) * (count)))
#define DYNAMIC_SHARED(name) unsigned char* const name = emulation::block.dynamic

inline void __syncthreads() { emulation::arrive(emulation::block.barrier, static_cast<int>(emulation::block.threads.size())); }
inline void __syncwarp() { emulation::warp_barrier(); }

inline float __shfl_xor_sync(unsigned mask, float value, int lanes) {
    if (mask != 0xffffffffu) emulation::fail("shuffle of a part of a warp");
    float* exchange = reinterpret_cast<float*>(emulation::warp_exchange());
    int lane = emulation::block.current % 32;
    exchange[lane] = value;
    emulation::warp_barrier();
    float result = exchange[lane ^ lanes];
    emulation::warp_barrier();
    return result;
}

inline void __pipeline_memcpy_async(void* to, const void* from, size_t bytes, size_t zeros = 0) {
    if (bytes != 16 || reinterpret_cast<uintptr_t>(to) % 16 || reinterpret_cast<uintptr_t>(from) % 16) emulation::fail("copy alignment");
    emulation::self().open.push_back({static_cast<char*>(to), static_cast<const char*>(from), zeros});
}
inline void __pipeline_commit() {
    emulation::Thread& self = emulation::self();
    self.committed.push_back(std::move(self.open));
    self.open.clear();
}
inline void __pipeline_wait_prior(size_t prior) {
    emulation::Thread& self = emulation::self();
    while (self.committed.size() > prior) {
        for (const emulation::Copy& copy : self.committed.front()) {
            std::memcpy(copy.to, copy.from, 16 - copy.zeros);
            std::memset(copy.to + 16 - copy.zeros, 0, copy.zeros);
        }
        self.committed.erase(self.committed.begin());
    }
}

namespace nvcuda {
namespace wmma {

namespace precision {
struct tf32 {};
}  // namespace precision
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class E>
struct Stored {
    using Type = E;
};
template <>
struct Stored<precision::tf32> {
    using Type = float;
};

template <class Use, int M, int N, int K, class E, class Layout = void>
struct fragment {
    using Type = typename Stored<E>::Type;
    static constexpr int rows = std::is_same_v<Use, matrix_b> ? K : M, columns = std::is_same_v<Use, matrix_a> ? K : N;
    static constexpr int num_elements = rows * columns / 32;
    Type x[num_elements];
};

inline float __float_to_tf32(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    bits = (bits + 0x1000u) & 0xffffe000u;
    std::memcpy(&value, &bits, 4);
    return value;
}

/* Element i of a lane is number 32 · i + lane, counted along rows. */
template <class Use, int M, int N, int K, class E, class Layout>
void load_matrix_sync(fragment<Use, M, N, K, E, Layout>& f, const typename Stored<E>::Type* from, unsigned stride) {
    if (stride * sizeof(*from) % 16 || reinterpret_cast<uintptr_t>(from) % (sizeof(*from) == 4 ? 32 : 16))
        emulation::fail("fragment alignment");
    using F = fragment<Use, M, N, K, E, Layout>;
    for (int i = 0; i < F::num_elements; i++) {
        int number = 32 * i + emulation::block.current % 32, row = number / F::columns, column = number % F::columns;
        f.x[i] = std::is_same_v<Layout, row_major> ? from[row * static_cast<int>(stride) + column]
                                                   : from[column * static_cast<int>(stride) + row];
    }
    emulation::warp_barrier();
}

template <int M, int N, int K>
void store_matrix_sync(float* to, const fragment<accumulator, M, N, K, float>& f, unsigned stride, layout_t layout) {
    if (layout != mem_row_major || stride % 4 || reinterpret_cast<uintptr_t>(to) % 32) emulation::fail("fragment alignment");
    for (int i = 0; i < M * N / 32; i++) {
        int number = 32 * i + emulation::block.current % 32;
        to[number / N * static_cast<int>(stride) + number % N] = f.x[i];
    }
    emulation::warp_barrier();
}

template <int M, int N, int K>
void fill_fragment(fragment<accumulator, M, N, K, float>& f, float value) {
    for (float& x : f.x) x = value;
}

inline float number(float v) {
    if (!(__float_to_tf32(v) == v)) emulation::fail("an operand that is NaN or not rounded to tf32");
    return v;
}
inline float number(__nv_bfloat16 v) { return __bfloat162float(v); }

template <int M, int N, int K, class E, class LA, class LB>
void mma_sync(fragment<accumulator, M, N, K, float>& d, const fragment<matrix_a, M, N, K, E, LA>& a,
              const fragment<matrix_b, M, N, K, E, LB>& b, const fragment<accumulator, M, N, K, float>& c) {
    float* as = reinterpret_cast<float*>(emulation::warp_exchange());
    float* bs = as + M * K;
    int lane = emulation::block.current % 32;
    for (int i = 0; i < M * K / 32; i++) as[32 * i + lane] = number(a.x[i]);
    for (int i = 0; i < K * N / 32; i++) bs[32 * i + lane] = number(b.x[i]);
    emulation::warp_barrier();
    for (int i = 0; i < M * N / 32; i++) {
        int row = (32 * i + lane) / N, column = (32 * i + lane) % N;
        float sum = c.x[i];
        for (int k = 0; k < K; k++) sum += as[row * K + k] * bs[k * N + column];
        d.x[i] = sum;
    }
    emulation::warp_barrier();
}

}  // namespace wmma
}  // namespace nvcuda

inline std::map<void*, size_t>& device_sizes() {
    static std::map<void*, size_t> sizes;
    return sizes;
}
inline void* device_allocate(size_t bytes) {
    void* memory = emulation::guarded(bytes);
    device_sizes()[memory] = bytes;
    return memory;
}
inline void device_free(void* memory) {
    size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), rounded = (device_sizes()[memory] + 127) / 128 * 128;
    size_t pages = (rounded + page - 1) / page;
    munmap(static_cast<char*>(memory) + rounded - (pages + 1) * page, (pages + 2) * page);
    device_sizes().erase(memory);
}
inline void device_write(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }
inline void device_read(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }
inline void device_poison(void* memory, size_t bytes) { std::memset(memory, 0xff, bytes); }
template <class Kernel>
void allow_shared(Kernel, size_t) {}
template <class Kernel>
int blocks_per_multiprocessor(Kernel, int, size_t) {
    return 2;
}
inline int multiprocessors() { return 3; }
