/* A signal that is none of the emulation's goes to whoever had it before: the JVM, which uses SIGSEGV itself, or a sanitizer. */
#ifndef GRADSIEVE_EMULATION_SIGNALS_H
#define GRADSIEVE_EMULATION_SIGNALS_H

#include <signal.h>

namespace gradsieve {

inline bool handles(const struct sigaction& action) {
    return (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

inline void pass_on(const struct sigaction& before, int number, siginfo_t* info, void* context) {
    if (!handles(before)) {
        sigaction(number, &before, nullptr); /* and meet it again */
    } else if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else {
        before.sa_handler(number);
    }
}

inline void handle(int number, void (*handler)(int, siginfo_t*, void*), struct sigaction& before) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &before);
}

}  // namespace gradsieve

#endif
