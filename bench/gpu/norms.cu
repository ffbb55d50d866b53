/*
 * Which form of the per-sample norm of a weight gradient is fastest on this GPU: checks and times the library's (cuda-kernels) and,
 * in norms/, those that it lacks.
 *
 *   norms check [--seed N] [--small]    every form against double precision; exit code 1 if a result is out of bounds
 *   norms time [--json FILE]            medians of 20, a table in Markdown
 *   norms all [--json FILE]             both; a failed check does not keep the timings from running
 *
 * Build: build-norms.sh (the nvcc command and its flags), or build-norms.sh cpu for the check alone on a machine without a GPU.
 */
#include <cstring>
#include <ctime>
#include <string>

#include "norms/check.cuh"
#ifndef GS_EMULATED
#include "norms/time.cuh"
#endif

int main(int argc, char** argv) {
    std::string command = argc > 1 ? argv[1] : "", json;
    uint32_t seed = static_cast<uint32_t>(std::time(nullptr)) & 0xffffffu;
    bool small = false, known = command == "check" || command == "time" || command == "all";
    for (int i = 2; i < argc; i++) {
        if (!std::strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = static_cast<uint32_t>(std::strtoul(argv[++i], nullptr, 10));
        else if (!std::strcmp(argv[i], "--json") && i + 1 < argc)
            json = argv[++i];
        else if (!std::strcmp(argv[i], "--small"))
            small = true;
        else
            known = false;
    }
    if (!known) {
        std::fprintf(stderr, "norms check [--seed N] [--small] | time [--json FILE] | all [--json FILE]\n");
        return 2;
    }
    if (command != "time") {
#ifdef GS_EMULATED
        setenv("GRADSIEVE_CUDA_SEED", std::to_string(seed).c_str(), 0); /* the order of streams and threads too */
#endif
        std::printf("seed %u\n", seed);
        std::fflush(stdout);
    }
    int failed = 0;
    if (command != "time") failed = Check(seed, small).run();
    std::fflush(stdout);
    if (command != "check") {
#ifdef GS_EMULATED
        std::fprintf(stderr, "no timings without a GPU\n");
        return 2;
#else
        Timings().run(json);
#endif
    }
    return failed ? 1 : 0;
}
