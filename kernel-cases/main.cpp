/*
 * kernel-cases test | time | list [--isa baseline|avx2|avx512] [--seed N] [--case REGEX]
 * Tests or times the CPU library's kernels without Java; a time stands beside what this machine reaches at its best.
 * Exit 0: all passed; 1: a failure; 2: wrong usage; 77: this processor lacks the instruction set.
 */
#include "cases.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

using namespace cases;

namespace {

struct Options {
    std::string command, isa, filter;
    uint64_t seed = 1;
};

const char* const USAGE =
    "usage: kernel-cases test|time|list [--isa baseline|avx2|avx512] [--seed N] [--case REGEX]\n";

bool parse(int count, char** arguments, Options& options) {
    if (const char* isa = getenv("GRADSIEVE_ISA")) options.isa = isa;
    if (count < 2) return false;
    options.command = arguments[1];
    if (options.command != "test" && options.command != "time" && options.command != "list") return false;
    for (int i = 2; i < count; i += 2) {
        if (i + 1 == count) return false;
        const std::string key = arguments[i], value = arguments[i + 1];
        if (key == "--isa") options.isa = value;
        else if (key == "--seed") options.seed = strtoull(value.c_str(), nullptr, 10);
        else if (key == "--case") options.filter = value;
        else return false;
    }
    return true;
}

/* A case's inputs depend on the seed and its name, not on which other cases run. */
uint64_t seed_of(const Options& options, const std::string& name) {
    uint64_t hash = 1469598103934665603ull ^ options.seed;
    for (unsigned char c : name) hash = (hash ^ c) * 1099511628211ull;
    return hash;
}

std::string open_isa() {
    const std::string description = gs_describe(), key = "\"isa\":\"";
    const size_t at = description.find(key);
    return at == std::string::npos ? "" : description.substr(at + key.size(), description.find('"', at + key.size()) - at - key.size());
}

int test(const Options& options, const std::vector<Case>& selected) {
    int passed = 0, failed = 0;
    printf("isa %s, seed %llu\n", open_isa().c_str(), static_cast<unsigned long long>(options.seed));
    for (const Case& c : selected) {
        const std::string name = c.operation + " " + c.shape;
        Run run(false, seed_of(options, name));
        c.body(run);
        run.inspect();
        if (run.failures().empty()) {
            passed++;
            continue;
        }
        failed++;
        for (const std::string& failure : run.failures()) printf("FAILED %s: %s\n", name.c_str(), failure.c_str());
        fflush(stdout);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

int time(const Options& options, const std::vector<Case>& selected) {
    const std::string isa = open_isa();
    Ceilings ceilings(isa);
    printf("isa %s, one core: peak %.0f GFLOP/s; best sgemm %.0f GFLOP/s (%s); triad %.0f GB/s over 512 KB, %.0f over 8 MB, %.0f over 512 MB\n",
           isa.c_str(), ceilings.peak(), ceilings.sgemm(), ceilings.sgemm_source().c_str(), ceilings.triad(512e3), ceilings.triad(8e6),
           ceilings.triad(512e6));
    printf("%-31s %-54s %10s %9s %8s %9s %9s %9s\n", "operation", "shape", "us/sample", "GFLOP/s", "of peak", "of sgemm", "GB/s", "of triad");
    for (const Case& c : selected) {
        if (!c.timed) continue;
        Run run(true, seed_of(options, c.operation + " " + c.shape));
        c.body(run);
        for (const std::string& failure : run.failures()) printf("FAILED %s %s: %s\n", c.operation.c_str(), c.shape.c_str(), failure.c_str());
        if (run.seconds() <= 0) continue;
        const double gflops = c.flops / run.seconds() * 1e-9, gbytes = c.bytes / run.seconds() * 1e-9;
        printf("%-31s %-54s %10.3f %9.1f %7.0f%% %8.0f%% %9.1f %8.0f%%\n", c.operation.c_str(), c.shape.c_str(),
               run.seconds() * 1e6 / static_cast<double>(c.samples), gflops, 100 * gflops / ceilings.peak(), 100 * gflops / ceilings.sgemm(),
               gbytes, 100 * gbytes / ceilings.triad(c.bytes));
        fflush(stdout);
    }
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    if (!parse(count, arguments, options)) {
        fputs(USAGE, stderr);
        return 2;
    }
    std::vector<Case> selected;
    regex_t filter; /* std::regex takes ten seconds to compile under the sanitizers */
    if (regcomp(&filter, options.filter.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "--case %s: not a regular expression\n", options.filter.c_str());
        return 2;
    }
    for (const Case& c : all_cases())
        if (regexec(&filter, (c.operation + " " + c.shape).c_str(), 0, nullptr, 0) == 0) selected.push_back(c);
    regfree(&filter);
    if (options.command == "list") {
        for (const Case& c : selected)
            printf("%s %s%s  %.3g flops, %.3g bytes\n", c.operation.c_str(), c.shape.c_str(), c.timed ? " (timed)" : "", c.flops, c.bytes);
        return 0;
    }
    const int status = gs_open(options.isa.empty() ? nullptr : options.isa.c_str());
    if (status != GS_OK) {
        fprintf(stderr, "%s\n", gs_last_error());
        return status == GS_UNSUPPORTED ? 77 : 2;
    }
    return options.command == "test" ? test(options, selected) : time(options, selected);
}
