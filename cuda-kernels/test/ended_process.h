/* A test's program once more, in a process of its own, for faults that end one. */
#ifndef GRADSIEVE_TEST_ENDED_PROCESS_H
#define GRADSIEVE_TEST_ENDED_PROCESS_H

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

struct EndedProcess {
    int signal = 0, status = -1; /* the signal that ended it, 0: none, and then its status */
    std::string said;            /* on stderr */

    std::string first_line() const { return said.substr(0, said.find('\n')); }
    std::string text() const {
        return "signal " + std::to_string(signal) + ", status " + std::to_string(status) + ", \"" + said + "\"";
    }
};

inline EndedProcess run_again(const std::vector<std::string>& arguments) {
    EndedProcess process;
    int ends[2];
    if (pipe(ends) != 0) return process;
    std::vector<char*> command{const_cast<char*>("again")};
    for (const std::string& argument : arguments) command.push_back(const_cast<char*>(argument.c_str()));
    command.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv("/proc/self/exe", command.data());
        _exit(127);
    }
    close(ends[1]);
    char text[1024];
    for (ssize_t count; (count = read(ends[0], text, sizeof text)) > 0;) process.said.append(text, static_cast<size_t>(count));
    close(ends[0]);
    int state = 0;
    if (child < 0 || waitpid(child, &state, 0) != child) return process;
    process.signal = WIFSIGNALED(state) ? WTERMSIG(state) : 0;
    process.status = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
    return process;
}

#endif
