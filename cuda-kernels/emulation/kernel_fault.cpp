/* Shared memory between guards, and what becomes of a fault: one line, an error of the device, the end of the launch. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "kernel_machine.h"
#include "runtime.h"

namespace emulation {

/* ---- shared memory ---------------------------------------------------------------------------------------------------------- */

namespace {

constexpr int UNWRITTEN = 0xff, GUARD = 0xa5; /* floats and doubles of UNWRITTEN are NaN */
constexpr size_t SHARED_ALIGNMENT = 128;

size_t page() {
    static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

/* Memory that ends where a page ends before one that cannot be touched; another such page lies before it. */
char* between_guards(size_t room) {
    const size_t whole = (room + page() - 1) / page() * page();
    char* base = static_cast<char*>(mmap(nullptr, whole + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base == MAP_FAILED || mprotect(base + page(), whole, PROT_READ | PROT_WRITE) != 0) {
        std::fprintf(stderr, "emulation: no memory for %zu bytes of shared memory\n", room);
        std::abort();
    }
    memset(base + page(), GUARD, whole);
    return base + page() + whole - room;
}

size_t whole(size_t bytes, size_t of) { return (bytes + of - 1) / of * of; }

}  // namespace

void* Machine::shared_array(const void* key, const char* name, size_t bytes) {
    for (SharedArray* array : in_use_) {
        if (array->key != key || array->bytes != bytes) continue;
        if (array->block != block_number_) {
            array->block = block_number_;
            memset(array->memory, UNWRITTEN, bytes);
        }
        return array->memory;
    }
    const bool dynamic = key == nullptr;
    if (!dynamic) static_bytes_ += whole(bytes, 16);
    if (static_bytes_ > MOST_STATIC_SHARED) wrong("%zu bytes of static shared memory, at most %zu", static_bytes_, MOST_STATIC_SHARED);
    if (static_bytes_ + launch_->shared > static_cast<size_t>(gradsieve::max_shared()))
        wrong("%zu bytes of static and %zu of dynamic shared memory, at most %d", static_bytes_, launch_->shared, gradsieve::max_shared());
    SharedArray* found = nullptr;
    for (const std::unique_ptr<SharedArray>& array : shared_)
        if (array->key == key && array->bytes == bytes) found = array.get();
    if (found == nullptr) {
        const size_t room = whole(bytes, dynamic ? SHARED_ALIGNMENT : 16);
        shared_.push_back(std::make_unique<SharedArray>(SharedArray{key, name, between_guards(room), bytes, room, 0}));
        found = shared_.back().get();
    }
    in_use_.push_back(found);
    return shared_array(key, name, bytes);
}

/* The bytes between an array's end and the page behind it. */
void Machine::check_shared() {
    for (const SharedArray* array : in_use_) {
        for (size_t i = array->bytes; i < array->room; i++) {
            if (static_cast<unsigned char>(array->memory[i]) == GUARD) continue;
            memset(array->memory + array->bytes, GUARD, array->room - array->bytes);
            current = &threads_[0];
            char text[200];
            std::snprintf(text, sizeof text, "shared array %s of %zu bytes was written behind its end, at byte %zu (by some thread of this block)",
                          array->name, array->bytes, i);
            report(ILLEGAL_ADDRESS, text);
            current = nullptr;
            return;
        }
    }
}

void* shared_array(const void* key, const char* name, size_t bytes) { return machine->shared_array(key, name, bytes); }

unsigned char* dynamic_shared(const char* name) {
    const size_t bytes = machine->launch().shared;
    return bytes == 0 ? nullptr : static_cast<unsigned char*>(machine->shared_array(nullptr, name, bytes));
}

/* ---- faults ------------------------------------------------------------------------------------------------------------------- */

namespace {

/* "4 bytes behind the end of shared array sums of 64 bytes": what an address is near to. */
void describe(char* text, size_t room, const char* address) {
    for (const SharedArray* array : machine->shared_in_use()) {
        const ptrdiff_t at = address - array->memory, reach = static_cast<ptrdiff_t>(page());
        if (at < -reach || at >= static_cast<ptrdiff_t>(array->room) + reach) continue;
        if (at >= static_cast<ptrdiff_t>(array->bytes)) {
            std::snprintf(text, room, "%td bytes behind the end of shared array %s of %zu bytes", at - static_cast<ptrdiff_t>(array->bytes),
                          array->name, array->bytes);
        } else if (at < 0) {
            std::snprintf(text, room, "%td bytes before shared array %s of %zu bytes", -at, array->name, array->bytes);
        } else {
            std::snprintf(text, room, "byte %td of shared array %s of %zu bytes", at, array->name, array->bytes);
        }
        return;
    }
    const Launch& launch = machine->launch();
    const char* best = nullptr;
    size_t best_bytes = 0;
    ptrdiff_t best_distance = PTRDIFF_MAX;
    for (int i = 0; i < launch.count; i++) {
        void* base = nullptr;
        size_t bytes = 0;
        unsigned char* written = nullptr;
        if (!gs_emulated_allocation(launch.arguments[i].address, &base, &bytes, &written)) continue;
        const char* first = static_cast<const char*>(base);
        const ptrdiff_t distance = address < first ? first - address : address - (first + bytes);
        if (distance < best_distance) {
            best = first;
            best_bytes = bytes;
            best_distance = distance;
        }
    }
    if (best != nullptr && best_distance < (1 << 30)) {
        std::snprintf(text, room, "byte %td of an allocation of %zu bytes at %p", address - best, best_bytes, static_cast<const void*>(best));
    } else {
        std::snprintf(text, room, "no memory of the device");
    }
}

struct sigaction before[32];

void leave() { machine->fault(ILLEGAL_ADDRESS, nullptr); }

void pass_on(int number, siginfo_t* info, void* context) {
    const struct sigaction& old = before[number];
    if (old.sa_flags & SA_SIGINFO) {
        old.sa_sigaction(number, info, context);
    } else if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) {
        old.sa_handler(number);
    } else {
        sigaction(number, &old, nullptr); /* and meet it again */
    }
}

void on_signal(int number, siginfo_t* info, void* context) {
    if (machine == nullptr || current == nullptr) {
        pass_on(number, info, context);
        return;
    }
    char where[200], text[300];
    Error error = ILLEGAL_ADDRESS;
    describe(where, sizeof where, static_cast<const char*>(info->si_addr));
    if (number == SIGFPE) {
        error = LAUNCH_FAILURE;
        std::snprintf(text, sizeof text, "divides a whole number by zero");
    } else if (number == SIGILL) {
        error = ILLEGAL_INSTRUCTION;
        std::snprintf(text, sizeof text, "does what has no defined result");
    } else if (info->si_code == SI_KERNEL) { /* no address: how the processor answers a vector that is not aligned */
        error = MISALIGNED_ADDRESS;
        std::snprintf(text, sizeof text, "misaligned access of a vector, or an address that is none");
    } else if (machine->running()->below(info->si_addr)) {
        error = LAUNCH_FAILURE;
        std::snprintf(text, sizeof text, "more than %zu bytes of local arrays", FIBER_STACK);
    } else {
        std::snprintf(text, sizeof text, "out-of-bounds access at %p, %s", info->si_addr, where);
    }
    machine->report(error, text);
    /* Goes on in leave(), on the fiber's stack, as if called from nowhere. */
    ucontext_t* state = static_cast<ucontext_t*>(context);
#ifdef __x86_64__
    state->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&leave);
    state->uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(machine->running()->stack_end() - 8);
#else
    (void)state;
    std::abort();
#endif
}

}  // namespace

void Machine::report(Error error, const char* text) {
    char line[1000];
    const int used = name_thread(line, sizeof line);
    std::snprintf(line + used, sizeof line - static_cast<size_t>(used), "%s", text);
    gs_emulated_report(error, line);
    faulted_ = true;
}

void Machine::fault(Error error, const char* text) {
    if (text != nullptr) report(error, text);
    if (running_ != nullptr && running_ != &host_) running_->switch_to(host_);
    std::abort();
}

void catch_signals() {
    static std::once_flag once;
    std::call_once(once, [] {
        for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
            struct sigaction action {};
            action.sa_sigaction = on_signal;
            action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
            sigemptyset(&action.sa_mask);
            sigaction(number, &action, &before[number]);
        }
    });
}

/* A fiber that has used up its stack cannot handle a signal on it. */
void signal_stack() {
    stack_t old{};
    if (sigaltstack(nullptr, &old) != 0 || !(old.ss_flags & SS_DISABLE)) return;
    static thread_local std::unique_ptr<char[]> memory;
    constexpr size_t BYTES = 64 * 1024;
    if (memory == nullptr) memory = std::make_unique<char[]>(BYTES);
    stack_t own{};
    own.ss_sp = memory.get();
    own.ss_size = BYTES;
    sigaltstack(&own, nullptr);
}

}  // namespace emulation
