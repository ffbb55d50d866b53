/* What becomes of a fault: one line, an error of the device, the end of the launch. */
#include <dlfcn.h>
#include <ucontext.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "kernel_machine.h"
#include "runtime.h"
#include "signals.h"

namespace emulation {

/* ---- faults ------------------------------------------------------------------------------------------------------------------- */

namespace {

constexpr ptrdiff_t PAGE = 4096;

}  // namespace

void describe(char* text, size_t room, const void* place) {
    const char* address = static_cast<const char*>(place);
    for (const SharedArray* array : machine->shared_in_use()) {
        const ptrdiff_t at = address - array->memory, reach = PAGE;
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
    if (best != nullptr && best_distance < (1 << 20)) {
        std::snprintf(text, room, "byte %td of an allocation of %zu bytes at %p", address - best, best_bytes, static_cast<const void*>(best));
    } else {
        std::snprintf(text, room, "no memory of the device");
    }
}

namespace {

/* " (at norms.cu:17)", by binutils' addr2line where there is one. */
void locate(char* text, size_t room, const void* caller) {
    text[0] = 0;
    Dl_info image{};
    if (caller == nullptr || dladdr(caller, &image) == 0 || image.dli_fname == nullptr) return;
    const size_t offset = static_cast<size_t>(static_cast<const char*>(caller) - static_cast<const char*>(image.dli_fbase)) - 1;
    char command[600], line[300] = "";
    std::snprintf(command, sizeof command, "addr2line -s -e '%s' 0x%zx 2>/dev/null", image.dli_fname, offset);
    FILE* output = popen(command, "re");
    if (output == nullptr) return;
    const bool read = std::fgets(line, sizeof line, output) != nullptr;
    pclose(output);
    line[std::strcspn(line, " \n")] = 0;
    if (read && line[0] != '?' && line[0] != 0) std::snprintf(text, room, " (at %s)", line);
}

struct sigaction before[32];

/* From a signal's handler to the thread that leaves. */
thread_local Error signalled;
thread_local const void* signalled_at;
thread_local char signalled_text[300];

void leave() { machine->fault(signalled, signalled_at, "%s", signalled_text); }

void on_signal(int number, siginfo_t* info, void* context) {
    if (machine == nullptr || current == nullptr) {
        gradsieve::pass_on(before[number], number, info, context);
        return;
    }
    ucontext_t* state = static_cast<ucontext_t*>(context);
    char* text = signalled_text;
    constexpr size_t ROOM = sizeof signalled_text;
    signalled = ILLEGAL_ADDRESS;
    if (number == SIGFPE) {
        signalled = LAUNCH_FAILURE;
        std::snprintf(text, ROOM, "divides a whole number by zero");
    } else if (number == SIGILL) {
        signalled = ILLEGAL_INSTRUCTION;
        std::snprintf(text, ROOM, "does what has no defined result");
    } else if (info->si_code == SI_KERNEL) { /* no address: how the processor answers a vector that is not aligned */
        signalled = MISALIGNED_ADDRESS;
        std::snprintf(text, ROOM, "misaligned access of a vector, or an address that is none");
    } else if (machine->running()->below(info->si_addr)) {
        signalled = LAUNCH_FAILURE;
        std::snprintf(text, ROOM, "more than %zu bytes of local arrays", FIBER_STACK);
    } else {
        char where[200];
        describe(where, sizeof where, info->si_addr);
        std::snprintf(text, ROOM, "out-of-bounds access at %p, %s", info->si_addr, where);
    }
    /* Goes on in leave(), on the fiber's stack, as if called from nowhere. */
#ifdef __x86_64__
    signalled_at = reinterpret_cast<const void*>(state->uc_mcontext.gregs[REG_RIP] + 1);
    state->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&leave);
    state->uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(machine->running()->stack_end() - 8);
#else
    (void)state;
    std::fprintf(stderr, "kernel %s: %s\n", machine->launch().name, text);
    std::abort();
#endif
}

}  // namespace

void Machine::report(Error error, const void* caller, const char* text) {
    char line[1200], where[400];
    locate(where, sizeof where, caller);
    const int used = name_thread(line, sizeof line);
    std::snprintf(line + used, sizeof line - static_cast<size_t>(used), "%s%s", text, where);
    gs_emulated_report(error, line);
    faulted_ = true;
}

void Machine::fault(Error error, const void* caller, const char* format, ...) {
    char text[700];
    va_list values;
    va_start(values, format);
    std::vsnprintf(text, sizeof text, format, values);
    va_end(values);
    report(error, caller, text);
    leave();
}

void Machine::leave() {
    running_->switch_to(host_);
    std::abort();
}

void catch_signals() {
    static std::once_flag once;
    std::call_once(once, [] {
        for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) gradsieve::handle(number, on_signal, before[number]);
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
