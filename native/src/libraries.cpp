/* Shared libraries of the machine that are there or not, such as CUDA's: opened by name, asked for functions. */
#include <dlfcn.h>
#include <link.h>

#include "gradsieve.h"
#include "kernels.h"

using namespace gradsieve;

int64_t gs_library_open(const char* name) {
    void* library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) {
        const char* words = dlerror();
        fail(GS_UNSUPPORTED, "%s", words == nullptr ? name : words);
    }
    return reinterpret_cast<int64_t>(library);
}

int64_t gs_library_function(int64_t library, const char* name) {
    return reinterpret_cast<int64_t>(dlsym(reinterpret_cast<void*>(library), name));
}

const char* gs_library_path(int64_t library) {
    struct link_map* map = nullptr;
    return dlinfo(reinterpret_cast<void*>(library), RTLD_DI_LINKMAP, &map) == 0 ? map->l_name : "";
}
