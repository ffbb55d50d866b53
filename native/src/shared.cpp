/*
 * Memory that processes of one user share: files that exist in memory only and have no name in any directory, so that nothing
 * is left of them when the last process that maps them ends, however it ends. Others open them by way of the process that
 * made them, /proc/PID/fd/N. Their size is sealed: nobody can take pages away from under those who map them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gradsieve.h"
#include "kernels.h"

using namespace gradsieve;

namespace {

const int SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
const int64_t LARGEST = int64_t{1} << 46; /* bytes; half of what a process can address */

void* map(int file, int64_t bytes) {
    void* start = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (start == MAP_FAILED) return nullptr;
    madvise(start, static_cast<size_t>(bytes), MADV_HUGEPAGE); /* where the system allows them for such memory */
    return start;
}

int failed(const char* what, const char* name, int64_t bytes) {
    const int status = errno == ENOMEM || errno == ENOSPC || errno == EMFILE || errno == ENFILE ? GS_OUT_OF_MEMORY : GS_UNSUPPORTED;
    return fail(status, "shared memory %s of %lld bytes: %s: %s", name, static_cast<long long>(bytes), what, strerror(errno));
}

bool sound(const char* name, int64_t bytes) {
    return name != nullptr && name[0] != 0 && strlen(name) < 200 && strchr(name, '/') == nullptr && bytes > 0 && bytes <= LARGEST;
}

/* Whether the open file is the one of this name and size. */
bool is(int file, const char* name, int64_t bytes) {
    char link[64], wanted[256], found[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    snprintf(wanted, sizeof wanted, "/memfd:%s (deleted)", name);
    const ssize_t length = readlink(link, found, sizeof found);
    struct stat status;
    return length == static_cast<ssize_t>(strlen(wanted)) && memcmp(found, wanted, strlen(wanted)) == 0 &&
           fcntl(file, F_GET_SEALS) == SEALS && fstat(file, &status) == 0 && status.st_size == bytes;
}

}  // namespace

int gs_shared_create(const char* name, int64_t bytes, void** memory, int* file) {
    if (memory == nullptr || file == nullptr || !sound(name, bytes))
        return fail(GS_INVALID_ARGUMENT, "shared memory %s: %lld bytes", name == nullptr ? "" : name, static_cast<long long>(bytes));
    *memory = nullptr;
    *file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*file < 0) return failed("cannot be made", name, bytes);
    int status = GS_OK;
    if (fchmod(*file, S_IRUSR | S_IWUSR) != 0 || ftruncate(*file, bytes) != 0 || fcntl(*file, F_ADD_SEALS, SEALS) != 0)
        status = failed("cannot be made", name, bytes);
    else if ((*memory = map(*file, bytes)) == nullptr)
        status = failed("cannot be mapped", name, bytes);
    if (status != GS_OK) {
        close(*file);
        *file = -1;
    }
    return status;
}

int gs_shared_open(const char* name, int64_t process, int file, int64_t bytes, void** memory) {
    if (memory == nullptr || !sound(name, bytes) || process <= 0 || file < 0)
        return fail(GS_INVALID_ARGUMENT, "shared memory %s: %lld bytes, file %d of process %lld", name == nullptr ? "" : name,
                    static_cast<long long>(bytes), file, static_cast<long long>(process));
    *memory = nullptr;
    char path[64];
    snprintf(path, sizeof path, "/proc/%lld/fd/%d", static_cast<long long>(process), file);
    /* Whatever else it is, a pipe or a device, opening it must not wait. */
    const int own = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (own < 0) return failed(path, name, bytes);
    int status = GS_OK;
    if (!is(own, name, bytes))
        status = fail(GS_UNSUPPORTED, "shared memory %s of %lld bytes: %s is another file: another host, or container, has it", name,
                      static_cast<long long>(bytes), path);
    else if ((*memory = map(own, bytes)) == nullptr)
        status = failed("cannot be mapped", name, bytes);
    close(own);
    return status;
}

int gs_shared_close(int file) {
    return close(file) == 0 ? GS_OK : fail(GS_INVALID_ARGUMENT, "shared memory: file %d: %s", file, strerror(errno));
}

int gs_shared_release(void* memory, int64_t bytes) {
    if (memory == nullptr) return GS_OK;
    if (bytes <= 0 || munmap(memory, static_cast<size_t>(bytes)) != 0)
        return fail(GS_INVALID_ARGUMENT, "shared memory: %lld bytes at %p are not mapped", static_cast<long long>(bytes), memory);
    return GS_OK;
}
