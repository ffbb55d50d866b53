/* Launches: what is refused at once, what is queued on a stream, and the machines that run it there. */
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "../src/status.h"
#include "kernel_machine.h"
#include "runtime.h"

namespace emulation {
namespace {

uint64_t seed() {
    static const uint64_t value = [] {
        const char* text = std::getenv("GRADSIEVE_CUDA_SEED");
        return text != nullptr ? std::strtoull(text, nullptr, 10) : 1ull;
    }();
    return value;
}

/* Why a card would not take this launch; empty: it does. */
std::string refusal(const Launch& launch) {
    const dim3 &grid = launch.grid, &block = launch.block;
    const uint64_t threads = uint64_t{block.x} * block.y * block.z;
    if (threads == 0 || threads > MOST_THREADS) return "invalid configuration argument: a block of " + std::to_string(threads) + " threads";
    if (block.y != 1 || block.z != 1 || block.x % 32 != 0)
        return "invalid configuration argument: a block of " + std::to_string(block.x) + " x " + std::to_string(block.y) + " x " +
               std::to_string(block.z) + " threads, not of whole warps in one dimension";
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535)
        return "invalid configuration argument: a grid of " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
               std::to_string(grid.z) + " blocks";
    if (launch.shared > static_cast<size_t>(gradsieve::max_shared()))
        return "invalid argument: " + std::to_string(launch.shared) + " bytes of dynamic shared memory, at most " +
               std::to_string(gradsieve::max_shared());
    return "";
}

/* The number of the parameter that is no device memory, from 1; 0 if none. Drops from the launch what is no pointer. */
int host_argument(Launch& launch, const void** address) {
    int kept = 0, number = 0;
    for (int i = 0; i < launch.count; i++) {
        const Argument& argument = launch.arguments[i];
        number += argument.direct;
        if (argument.address == nullptr) continue;
        void* base = nullptr;
        size_t bytes = 0;
        unsigned char* written = nullptr;
        const bool found = gs_emulated_allocation(argument.address, &base, &bytes, &written) != 0 ||
                           /* the end of an array that nothing is read from */
                           gs_emulated_allocation(static_cast<const char*>(argument.address) - 1, &base, &bytes, &written) != 0;
        if (!found && argument.direct) {
            *address = argument.address;
            return number;
        }
        if (found) launch.arguments[kept++] = argument;
    }
    launch.count = kept;
    return 0;
}

/* Machines are kept: their stacks and shared arrays are warm. */
class Pool {
public:
    std::unique_ptr<Machine> take() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (machines_.empty()) return std::make_unique<Machine>();
        std::unique_ptr<Machine> machine = std::move(machines_.back());
        machines_.pop_back();
        return machine;
    }
    void give_back(std::unique_ptr<Machine> machine) {
        const std::lock_guard<std::mutex> lock(mutex_);
        machines_.push_back(std::move(machine));
    }

private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Machine>> machines_;
};

void run(void* argument) {
    static Pool& pool = *new Pool; /* streams may still run while the process ends */
    Launch& launch = *static_cast<Launch*>(argument);
#ifdef GS_CHECKED
    static std::mutex& one_at_a_time = *new std::mutex; /* the checks know one launch */
    const std::lock_guard<std::mutex> lock(one_at_a_time);
#endif
    std::unique_ptr<Machine> taken = pool.take();
    taken->run(launch);
    pool.give_back(std::move(taken));
}

void release(void* argument) { delete static_cast<Launch*>(argument); }

std::string without_parentheses(const char* kernel) {
    std::string name = kernel;
    if (name.size() > 2 && name.front() == '(' && name.back() == ')') name = name.substr(1, name.size() - 2);
    return name;
}

/* Names live as long as the process: streams and graphs hold them. */
const char* kept_name(const char* kernel) {
    static std::mutex& mutex = *new std::mutex;
    static std::vector<std::pair<const char*, std::string*>>& names = *new std::vector<std::pair<const char*, std::string*>>;
    const std::lock_guard<std::mutex> lock(mutex);
    for (const auto& known : names)
        if (known.first == kernel) return known.second->c_str();
    names.emplace_back(kernel, new std::string(without_parentheses(kernel)));
    return names.back().second->c_str();
}

}  // namespace

void Launch::note(Argument argument) {
    if (count < MOST_ARGUMENTS) arguments[count++] = argument;
}

int enqueue(Launch* launch, const char* name, dim3 grid, dim3 block, size_t shared, void* stream) {
    static std::atomic<uint64_t> launches{0};
    std::unique_ptr<Launch> owned(launch);
    launch->name = kept_name(name);
    launch->grid = grid;
    launch->block = block;
    launch->shared = shared;
    launch->number = seed() * 0x9e3779b97f4a7c15ull + ++launches;
    const std::string why = refusal(*launch);
    if (!why.empty()) return gradsieve::failed(name, why.c_str());
    const void* address = nullptr;
    if (const int number = host_argument(*launch, &address)) {
        char text[256];
        std::snprintf(text, sizeof text, "argument %d, %p, does not point to device memory", number, address);
        gs_emulated_report(ILLEGAL_ADDRESS, ("kernel " + std::string(launch->name) + ": " + text).c_str());
        return gradsieve::failed(name, text);
    }
    gs_emulated_access accesses[MOST_ARGUMENTS];
    for (int i = 0; i < launch->count; i++) accesses[i] = {launch->arguments[i].address, launch->arguments[i].write ? 1 : 0};
    const int error = gs_emulated_enqueue(stream, launch->name, run, release, owned.release(), accesses, launch->count);
    if (error == 0) return GS_CUDA_OK;
    return gradsieve::failed(name, ("CUDA error " + std::to_string(error)).c_str());
}

}  // namespace emulation

namespace gradsieve {

int max_shared() {
    const char* text = std::getenv("GRADSIEVE_CUDA_SHARED");
    const long bytes = text != nullptr ? std::strtol(text, nullptr, 10) : 0;
    return bytes > 0 ? static_cast<int>(bytes) : static_cast<int>(emulation::MOST_SHARED);
}

}  // namespace gradsieve
