#include "kernel_fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulation {
namespace {

char* new_stack() {
    void* memory = mmap(nullptr, FIBER_STACK + FIBER_GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, FIBER_GUARD, PROT_NONE) != 0) {
        std::fprintf(stderr, "emulation: no memory for the stack of a kernel's thread\n");
        std::abort();
    }
    return static_cast<char*>(memory) + FIBER_GUARD;
}

}  // namespace

Fiber::~Fiber() {
    if (stack_ != nullptr) munmap(stack_ - FIBER_GUARD, FIBER_STACK + FIBER_GUARD);
}

void Fiber::enter(Fiber* self) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(nullptr, &self->from_->bottom_, &self->from_->size_);
#endif
    self->body_(self->argument_);
    std::abort();
}

void Fiber::prepare(void (*body)(void*), void* argument) {
    if (stack_ == nullptr) stack_ = new_stack();
    body_ = body;
    argument_ = argument;
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(stack_, FIBER_STACK);
    fake_stack_ = nullptr;
    bottom_ = stack_;
    size_ = FIBER_STACK;
#endif
}

#ifdef GS_EMULATED_UCONTEXT

void Fiber::start(void (*body)(void*), void* argument) {
    prepare(body, argument);
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_;
    context_.uc_stack.ss_size = FIBER_STACK;
    context_.uc_link = nullptr;
    const uintptr_t self = reinterpret_cast<uintptr_t>(this);
    void (*entry)(unsigned, unsigned) = [](unsigned high, unsigned low) {
        enter(reinterpret_cast<Fiber*>((static_cast<uintptr_t>(high) << 32) | low));
    };
    makecontext(&context_, reinterpret_cast<void (*)()>(entry), 2, static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
}

static void exchange(ucontext_t& from, ucontext_t& to) { swapcontext(&from, &to); }
#define GS_EXCHANGE(from, to) exchange((from).context_, (to).context_)

#else

extern "C" void gs_emulated_switch(void** from, void* to);
extern "C" void gs_emulated_entry();

/* The registers that a call keeps, and the stack. Rounding modes are the same for all. */
__asm__(R"(
    .text
    .p2align 4
    .hidden gs_emulated_switch
    .globl gs_emulated_switch
    .type gs_emulated_switch, @function
gs_emulated_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size gs_emulated_switch, . - gs_emulated_switch
    .p2align 4
    .hidden gs_emulated_entry
    .globl gs_emulated_entry
    .type gs_emulated_entry, @function
gs_emulated_entry:
    movq %r12, %rdi
    xorl %ebp, %ebp
    callq *%rbx
    ud2
    .size gs_emulated_entry, . - gs_emulated_entry
)");

void Fiber::start(void (*body)(void*), void* argument) {
    prepare(body, argument);
    /* What gs_emulated_switch pops: r15 r14 r13 r12 rbx rbp, the return address; then a call finds the stack as the ABI wants it. */
    void** top = reinterpret_cast<void**>(stack_ + FIBER_STACK - 16);
    *--top = reinterpret_cast<void*>(&gs_emulated_entry);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(&Fiber::enter);
    *--top = this;
    *--top = nullptr;
    *--top = nullptr;
    *--top = nullptr;
    top_ = top;
}

#define GS_EXCHANGE(from, to) gs_emulated_switch(&(from).top_, (to).top_)

#endif

void Fiber::switch_to(Fiber& to) {
#ifdef __SANITIZE_ADDRESS__
    to.from_ = this;
    __sanitizer_start_switch_fiber(&fake_stack_, to.bottom_, to.size_);
    GS_EXCHANGE(*this, to);
    __sanitizer_finish_switch_fiber(fake_stack_, &from_->bottom_, &from_->size_);
#else
    GS_EXCHANGE(*this, to);
#endif
}

}  // namespace emulation
