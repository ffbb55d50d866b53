#include "protection.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>

#include "memory.h"
#include "signals.h"

namespace gradsieve {
namespace {

/* The key, closed to the thread that asks first; to all others it is closed as they start. -1: there is none. */
int key() {
    static const int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
    return key;
}

__thread bool opened __attribute__((tls_model("initial-exec"))) = false; /* a handler reads it */

void open_to_this_thread(bool open) {
    opened = open;
    if (key() >= 0) pkey_set(key(), open ? 0 : PKEY_DISABLE_ACCESS);
}

const Memory* watched = nullptr;
struct sigaction before;
std::atomic<bool> reported{false};

/* ", in gs_cuda_fill of libgradsieve_cuda.so+0x1234": what addr2line can find the line of. */
void name_code(char* text, size_t room, const void* code) {
    text[0] = 0;
    Dl_info place{};
    if (code == nullptr) return;
    if (dladdr(code, &place) == 0 || place.dli_fname == nullptr) {
        snprintf(text, room, ", in code of no library");
        return;
    }
    const char* const slash = strrchr(place.dli_fname, '/');
    const long offset = static_cast<long>(static_cast<const char*>(code) - static_cast<const char*>(place.dli_fbase));
    const bool named = place.dli_sname != nullptr;
    snprintf(text, room, ", in %s%s%s+0x%lx", named ? place.dli_sname : "", named ? " of " : "",
             slash != nullptr ? slash + 1 : place.dli_fname, offset);
}

void report(const char* what, const void* context) {
    const void* code = nullptr;
    const char* does = "accesses";
#ifdef __x86_64__
    const greg_t* const registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    code = reinterpret_cast<const void*>(registers[REG_RIP]);
    does = (registers[REG_ERR] & 2) != 0 ? "writes" : "reads";
#else
    (void)context;
#endif
    char where[300], line[800];
    name_code(where, sizeof where, code);
    snprintf(line, sizeof line, "gradsieve CUDA emulation: host code %s %s%s\n", does, what, where);
    if (write(STDERR_FILENO, line, strlen(line)) < 0) return;
    if (handles(before)) return; /* whoever had the signal says who called */
    void* frames[64];
    backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
}

void on_fault(int number, siginfo_t* info, void* context) {
    char what[200];
    const bool known = !opened && !reported && info->si_code > 0 && watched->describe(info->si_addr, what, sizeof what);
    /* A kernel's fault is the launch's; what a JVM tries to read for its report of a crash is its own. */
    if (!known || reported.exchange(true)) {
        pass_on(before, number, info, context);
        return;
    }
    report(what, context);
    if (handles(before)) pass_on(before, number, info, context);
    abort();
}

}  // namespace

bool closed_to_host() { return key() >= 0; }

bool make_device_memory(void* pages, size_t bytes) {
    const int access = PROT_READ | PROT_WRITE;
    return (key() >= 0 ? pkey_mprotect(pages, bytes, access, key()) : mprotect(pages, bytes, access)) == 0;
}

void report_accesses(const Memory& memory) {
    watched = &memory;
    void* frame;
    backtrace(&frame, 1); /* the first call loads a library, which a handler must not */
    handle(SIGSEGV, on_fault, before);
}

Opened::Opened() : before_(opened) { open_to_this_thread(true); }

Opened::~Opened() { open_to_this_thread(before_); }

}  // namespace gradsieve
