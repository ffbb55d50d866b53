#include "program.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

namespace cases {
namespace {

struct Options {
    std::string command, filter;
    uint64_t seed = 1;
    int part = 1, parts = 1; /* of the selected cases, every parts-th */
};

bool parse_part(const std::string& text, Options& options) {
    int read = 0;
    return sscanf(text.c_str(), "%d/%d%n", &options.part, &options.parts, &read) == 2 &&
           read == static_cast<int>(text.size()) && options.part >= 1 && options.part <= options.parts;
}

bool parse(Device& device, int count, char** arguments, Options& options) {
    if (count < 2) return false;
    options.command = arguments[1];
    if (options.command != "test" && options.command != "time" && options.command != "list") return false;
    for (int i = 2; i < count; i += 2) {
        if (i + 1 == count) return false;
        const std::string key = arguments[i], value = arguments[i + 1];
        if (key == "--seed") options.seed = strtoull(value.c_str(), nullptr, 10);
        else if (key == "--case") options.filter = value;
        else if (key == "--part") {
            if (!parse_part(value, options)) return false;
        } else if (!device.option(key, value)) return false;
    }
    return true;
}

std::string name_of(const Case& c) { return c.operation + " " + c.shape; }

/* std::regex takes ten seconds to compile under the sanitizers. */
bool select(const Options& options, std::vector<Case>& selected) {
    const std::string& filter = options.filter;
    regex_t expression;
    if (regcomp(&expression, filter.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "--case %s: not a regular expression\n", filter.c_str());
        return false;
    }
    int found = 0;
    for (const Case& c : all_cases())
        if (regexec(&expression, name_of(c).c_str(), 0, nullptr, 0) == 0 && found++ % options.parts == options.part - 1)
            selected.push_back(c);
    regfree(&expression);
    return true;
}

/* A case's inputs depend on the seed and its name, not on which other cases run. */
uint64_t seed_of(const Options& options, const Case& c) {
    uint64_t hash = 1469598103934665603ull ^ options.seed;
    for (char letter : name_of(c)) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ull;
    return hash;
}

void print_failures(const Case& c, const Run& run) {
    for (const std::string& failure : run.failures()) printf("FAILED %s: %s\n", name_of(c).c_str(), failure.c_str());
    fflush(stdout);
}

int test(const Device& device, const Options& options, const std::vector<Case>& selected) {
    int passed = 0, failed = 0;
    printf("%s, seed %llu\n", device.describe().c_str(), static_cast<unsigned long long>(options.seed));
    for (const Case& c : selected) {
        Run run(false, seed_of(options, c));
        c.body(run);
        run.inspect();
        print_failures(c, run);
        (run.failures().empty() ? passed : failed)++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

int time(Device& device, const Options& options, const std::vector<Case>& selected) {
    printf("%s, ", device.describe().c_str());
    device.print_ceilings();
    for (const Case& c : selected) {
        if (!c.timed) continue;
        Run run(true, seed_of(options, c));
        c.body(run);
        print_failures(c, run);
        if (run.seconds() > 0) device.print_row(c, run.seconds());
        fflush(stdout);
    }
    return 0;
}

int list(const std::vector<Case>& selected) {
    for (const Case& c : selected)
        printf("%s%s  %.3g flops, %.3g bytes\n", name_of(c).c_str(), c.timed ? " (timed)" : "", c.flops, c.bytes);
    return 0;
}

}  // namespace

int run_program(Device& device, int count, char** arguments) {
    Options options;
    if (!parse(device, count, arguments, options)) {
        fprintf(stderr, "%s\n", device.usage());
        return 2;
    }
    std::vector<Case> selected;
    if (!select(options, selected)) return 2;
    if (options.command == "list") return list(selected);
    const int status = device.open();
    if (status != 0) return status;
    return options.command == "test" ? test(device, options, selected) : time(device, options, selected);
}

}  // namespace cases
