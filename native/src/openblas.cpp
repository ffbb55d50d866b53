/*
 * OpenBLAS, for dense linear algebra outside the step: opened when it is first asked for, since nothing that trains or scores needs it.
 * Its headers are not needed for six functions; prototypes and values are those of CBLAS and LAPACKE with 32-bit integers.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#include <atomic>
#include <mutex>
#include <string>

#include "gradsieve.h"
#include "kernels.h"

using namespace gradsieve;

namespace {

enum { ROW_MAJOR = 101, COLUMN_MAJOR = 102, NO_TRANSPOSE = 111 };

struct OpenBlas {
    char* (*config)();
    char* (*core)();
    void (*set_threads)(int threads);
    int (*dstev)(int layout, char job, int n, double* diagonal, double* beside, double* vectors, int pitch);
    int (*dsyevd)(int layout, char job, char triangle, int n, double* matrix, int pitch, double* values);
    void (*sgemm)(int layout, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a, int pitch_a,
                  const float* b, int pitch_b, float beta, float* c, int pitch_c);
};

std::mutex opening;
OpenBlas library;
std::atomic<bool> opened_blas{false}; /* read on threads that did not open it */

/* Sets a variable for the time of one dlopen and puts back what was there. */
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        const char* before = getenv(name);
        had_ = before != nullptr;
        if (had_) before_ = before;
        setenv(name, value, 1);
    }
    ~Variable() {
        if (had_) {
            setenv(name_, before_.c_str(), 1);
        } else {
            unsetenv(name_);
        }
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
    bool had_;
    std::string before_;
};

template <typename Function>
bool find(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
}

/*
 * libgfortran says nothing of where its libquadmath lies: of one that is loaded already the name suffices. Where there is none
 * beside it, the system's is as good.
 */
void load_beside(const std::string& path, const char* name) {
    size_t slash = path.rfind('/');
    if (slash != std::string::npos) dlopen((path.substr(0, slash + 1) + name).c_str(), RTLD_NOW | RTLD_LOCAL);
}

int not_open() { return fail(GS_UNSUPPORTED, "OpenBLAS is not open: gs_openblas_open comes first"); }

int checked(const char* routine, int n, int info) {
    if (info == 0) return GS_OK;
    if (info > 0) return fail(GS_INVALID_ARGUMENT, "%s: no convergence for a matrix of %d rows (info %d)", routine, n, info);
    /* LAPACKE's codes for its own work space and LAPACK's. */
    if (info == -1010 || info == -1011) return fail(GS_OUT_OF_MEMORY, "%s: no memory for a matrix of %d rows", routine, n);
    return fail(GS_INVALID_ARGUMENT, "%s: argument %d of a matrix of %d rows has an illegal value or NaN", routine, -info, n);
}

}  // namespace

int gs_openblas_open(const char* path) {
    std::lock_guard<std::mutex> lock(opening);
    if (opened_blas) return GS_OK;
    if (path == nullptr || *path == 0) return fail(GS_INVALID_ARGUMENT, "OpenBLAS: no path of libopenblas.so.0 given");
    /* It starts as many threads as there are cores while it loads, unless it is told not to here. */
    Variable threads("OPENBLAS_NUM_THREADS", "1");
    load_beside(path, "libquadmath.so.0");
    void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return fail(GS_UNSUPPORTED, "OpenBLAS does not load: %s", dlerror());
    OpenBlas found;
    if (!find(handle, "openblas_get_config", found.config) || !find(handle, "openblas_get_corename", found.core) ||
        !find(handle, "openblas_set_num_threads", found.set_threads) || !find(handle, "LAPACKE_dstev", found.dstev) ||
        !find(handle, "LAPACKE_dsyevd", found.dsyevd) || !find(handle, "cblas_sgemm", found.sgemm)) {
        dlclose(handle);
        return fail(GS_UNSUPPORTED, "%s is another library: it lacks cblas_sgemm, LAPACKE_* or openblas_*", path);
    }
    found.set_threads(1);
    library = found;
    opened_blas = true;
    return GS_OK;
}

const char* gs_openblas_config(void) { return opened_blas ? library.config() : ""; }

const char* gs_openblas_core(void) { return opened_blas ? library.core() : ""; }

int gs_tridiagonal_eigen(int n, double* diagonal, double* beside, double* vectors) {
    if (!opened_blas) return not_open();
    if (n <= 0 || diagonal == nullptr || beside == nullptr || vectors == nullptr)
        return fail(GS_INVALID_ARGUMENT, "tridiagonal_eigen: %d rows, or an array is missing", n);
    /* By columns, so that a vector's elements lie side by side. */
    return checked("dstev", n, library.dstev(COLUMN_MAJOR, 'V', n, diagonal, beside, vectors, n));
}

int gs_symmetric_eigen(int n, double* matrix, double* values) {
    if (!opened_blas) return not_open();
    if (n <= 0 || matrix == nullptr || values == nullptr)
        return fail(GS_INVALID_ARGUMENT, "symmetric_eigen: %d rows, or an array is missing", n);
    return checked("dsyevd", n, library.dsyevd(COLUMN_MAJOR, 'V', 'U', n, matrix, n, values));
}

int gs_sgemm(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c) {
    if (!opened_blas) return not_open();
    if (m <= 0 || n <= 0 || k <= 0 || m > INT_MAX || n > INT_MAX || k > INT_MAX || a == nullptr || b == nullptr || c == nullptr)
        return fail(GS_INVALID_ARGUMENT, "sgemm: [%lld][%lld] = [%lld][%lld] * …, or a matrix is missing", (long long)m, (long long)n,
                    (long long)m, (long long)k);
    library.sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), 1, a,
                  static_cast<int>(k), b, static_cast<int>(n), 0, c, static_cast<int>(n));
    return GS_OK;
}
