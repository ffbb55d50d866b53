#include "status.h"

#include <cstdarg>
#include <cstdio>

namespace {

thread_local char last_error[1024] = "";

/* Template kernels arrive in the parentheses that the launch macro asks for. */
const char* without_parentheses(const char* kernel, int* length) {
    int end = 0;
    while (kernel[end]) end++;
    const bool inside = kernel[0] == '(' && kernel[end - 1] == ')';
    *length = inside ? end - 2 : end;
    return inside ? kernel + 1 : kernel;
}

}  // namespace

namespace gradsieve {

int refuse(const char* operation, const char* format, ...) {
    const int used = std::snprintf(last_error, sizeof last_error, "%s: ", operation);
    if (used > 0 && used < static_cast<int>(sizeof last_error)) {
        va_list values;
        va_start(values, format);
        std::vsnprintf(last_error + used, sizeof last_error - static_cast<size_t>(used), format, values);
        va_end(values);
    }
    return GS_CUDA_INVALID_ARGUMENT;
}

int failed(const char* kernel, const char* words) {
    int length = 0;
    const char* name = without_parentheses(kernel, &length);
    std::snprintf(last_error, sizeof last_error, "kernel %.*s: %s", length, name, words);
    return GS_CUDA_FAILED;
}

}  // namespace gradsieve

extern "C" const char* gs_cuda_last_error(void) { return last_error; }
