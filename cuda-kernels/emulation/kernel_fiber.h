/*
 * Fibers: stacks of their own on one host thread. Hand-written for x86-64 (12 ns a switch); elsewhere ucontext (270 ns, for it asks the
 * system for the signal mask). Under the address sanitizer every switch is announced to it.
 */
#ifndef GRADSIEVE_EMULATION_KERNEL_FIBER_H
#define GRADSIEVE_EMULATION_KERNEL_FIBER_H

#include <cstddef>

#if !defined(__x86_64__) || defined(GS_EMULATION_UCONTEXT)
#define GS_EMULATED_UCONTEXT 1
#include <ucontext.h>
#endif

namespace emulation {

/* 64 KB: local arrays of kernels and a report's text. Memory before it cannot be touched, as far as an array too large may reach. */
constexpr size_t FIBER_STACK = 64 * 1024, FIBER_GUARD = 256 * 1024;

class Fiber {
public:
    /* The host thread's own. */
    Fiber() = default;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    ~Fiber();

    /* A stack on which body(argument), which never returns, starts at the first switch. May be called again: what ran there is gone. */
    void start(void (*body)(void*), void* argument);
    /* Goes on with `to`; returns when somebody switches back. */
    void switch_to(Fiber& to);

    bool holds(const void* address) const {
        const char* at = static_cast<const char*>(address);
        return at >= stack_ && at < stack_ + (stack_ ? FIBER_STACK : 0);
    }
    /* Where a stack goes that is full. */
    bool below(const void* address) const {
        const char* at = static_cast<const char*>(address);
        return stack_ != nullptr && at < stack_ && at >= stack_ - FIBER_GUARD;
    }
    char* stack_end() const { return stack_ + FIBER_STACK; }

private:
    static void enter(Fiber* self);
    void prepare(void (*body)(void*), void* argument);
    char* stack_ = nullptr;
    void (*body_)(void*) = nullptr;
    void* argument_ = nullptr;
#ifdef GS_EMULATED_UCONTEXT
    ucontext_t context_{};
#else
    void* top_ = nullptr; /* where its registers are, while another one runs */
#endif
#ifdef __SANITIZE_ADDRESS__
    void* fake_stack_ = nullptr;
    const void* bottom_ = nullptr;
    size_t size_ = 0;
    Fiber* from_ = nullptr;
#endif
};

}  // namespace emulation
#endif
