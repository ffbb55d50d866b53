/*
 * faults-test fast|checked: launches each planted fault again and again, in another order of threads and blocks every time, and
 * expects what faults.h says of that build. GRADSIEVE_CUDA_SEED draws the orders. With the name of a fault it
 * launches that one once: those that end the process have one of their own.
 */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include <string>
#include <vector>

#include "../emulation/runtime.h"
#include "ended_process.h"
#include "faults/faults.h"

extern "C" {
int cudaMalloc(void** memory, size_t bytes);
int cudaFree(void* memory);
int cudaMemcpy(void* to, const void* from, size_t bytes, int kind);
int cudaDeviceSynchronize(void);
const char* gs_cuda_last_error(void);
}

namespace {

struct Fault {
    const char* name;
    int (*launch)(const float*, float*, int, void*);
    Shows fast, checked;
    const char* words;
};

#define GS_ENTRY(name, fast, checked, words) {#name, gs_cuda_fault_##name, Shows::fast, Shows::checked, words},
const Fault faults[] = {GS_FAULTS(GS_ENTRY)};
#undef GS_ENTRY

/* What a device array has beyond n, unwritten: 512 bytes less a word, so that the next word is free until a page ends. */
constexpr int BEYOND = 127;
constexpr int LAUNCHES = 40;

bool has(const std::string& text, const char* words) {
    regex_t pattern;
    if (regcomp(&pattern, words, REG_EXTENDED | REG_NOSUB) != 0) return false;
    const bool found = regexec(&pattern, text.c_str(), 0, nullptr, 0) == 0;
    regfree(&pattern);
    return found;
}

/* Empty: as expected. */
std::string try_once(const Fault& fault, Shows shows, bool checked, int n) {
    std::vector<float> in(static_cast<size_t>(n)), out(static_cast<size_t>(n));
    for (int i = 0; i < n; i++) in[static_cast<size_t>(i)] = static_cast<float>(i);
    void *from = nullptr, *to = nullptr;
    const size_t bytes = static_cast<size_t>(n) * sizeof(float), room = static_cast<size_t>(n + BEYOND) * sizeof(float);
    if (cudaMalloc(&from, room) || cudaMalloc(&to, room) || cudaMemcpy(from, in.data(), bytes, 1)) return "no memory";
    const int status = fault.launch(static_cast<const float*>(from), static_cast<float*>(to), n, nullptr);
    const std::string refusal = status != 0 ? gs_cuda_last_error() : "";
    const int error = cudaDeviceSynchronize();
    const std::string report = error != 0 ? gs_emulated_last_report() : "";
    bool right = false;
    if (status == 0 && error == 0 && cudaMemcpy(out.data(), to, bytes, 2) == 0) {
        right = true;
        for (int i = 0; i < n; i++) right = right && out[static_cast<size_t>(i)] == in[static_cast<size_t>(i)] + 1;
    }
    gs_emulated_reset();
    cudaFree(from);
    cudaFree(to);
    gs_emulated_reset();
    const std::string said = "status " + std::to_string(status) + " \"" + refusal + "\", error " + std::to_string(error) + " \"" + report +
                             "\", result " + (right ? "right" : "wrong");
    bool expected = false;
    switch (shows) {
        case Shows::REPORT:
            expected = status == 0 && error != 0 && report.find("kernel ") != std::string::npos && report.find('\n') == std::string::npos &&
                       (!checked || has(report, fault.words));
            break;
        case Shows::RESULT: expected = status == 0 && (error != 0 || !right); break;
        case Shows::STATUS: expected = status != 0 && has(refusal, fault.words) && refusal.find("kernel ") == 0; break;
        case Shows::ABORT: break; /* that it came back is wrong */
        case Shows::NOTHING: expected = checked || fault.words[0] == 0 ? status == 0 && error == 0 && right : true; break;
    }
    return expected ? "" : said;
}

/* The same of a fault that ends the process; these are the same in every order. */
std::string try_apart(const Fault& fault, const char* build) {
    const EndedProcess process = run_again({build, fault.name});
    return process.signal == SIGABRT && has(process.first_line(), fault.words) ? "" : process.text();
}

}  // namespace

int main(int count, char** arguments) {
    const bool checked = count >= 2 && strcmp(arguments[1], "checked") == 0;
    if (count > 3 || (!checked && !(count >= 2 && strcmp(arguments[1], "fast") == 0))) {
        fputs("usage: faults-test fast|checked [FAULT]\n", stderr);
        return 2;
    }
    int failed = 0, tried = 0, closed = gs_emulated_closed_to_host();
    for (const Fault& fault : faults) {
        const Shows shows = checked ? fault.checked : fault.fast;
        const bool apart = shows == Shows::ABORT && count == 2;
        if (count == 3 && strcmp(fault.name, arguments[2]) != 0) continue;
        if (apart && !closed) {
            printf("skipped %s: this machine has no memory protection keys, which close device memory to the host\n", fault.name);
            continue;
        }
        for (int launch = 0; launch < (apart || count == 3 ? 1 : LAUNCHES); launch++) {
            const std::string wrong =
                apart ? try_apart(fault, arguments[1]) : try_once(fault, shows, checked, launch % 2 ? 1024 : 2048);
            tried++;
            if (wrong.empty()) continue;
            failed++;
            printf("FAILED %s, launch %d: %s\n", fault.name, launch, wrong.c_str());
            break;
        }
    }
    printf("%zu faults, %d launches, %d faults not as expected\n", sizeof faults / sizeof faults[0], tried, failed);
    return failed == 0 ? 0 : 1;
}
