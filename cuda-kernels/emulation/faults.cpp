#include "faults.h"

#include <stdlib.h>

#include <map>
#include <mutex>
#include <string>

#include "runtime.h"

namespace gradsieve {
namespace {

struct Fault {
    long call; /* from now; 1 is the next */
    bool for_ever;
    int code; /* 0: the function's usual one */
};

class Faults {
public:
    Faults() {
        if (const char* what = getenv("GRADSIEVE_CUDA_FAIL")) set(what);
    }

    void set(const std::string& what) {
        std::lock_guard<std::mutex> lock(mutex_);
        faults_.clear();
        for (size_t at = 0; at < what.size();) {
            const size_t end = std::min(what.find(',', at), what.size());
            add(what.substr(at, end - at));
            at = end + 1;
        }
    }

    int count(const char* function, int usual) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (faults_.empty()) return 0;
        const auto found = faults_.find(function);
        if (found == faults_.end()) return 0;
        Fault& fault = found->second;
        if (fault.call > 1) {
            fault.call--;
            return 0;
        }
        const int code = fault.code != 0 ? fault.code : usual;
        if (!fault.for_ever) faults_.erase(found);
        return code;
    }

private:
    void add(const std::string& one) {
        const size_t colon = one.find(':');
        if (colon == std::string::npos) return;
        char* end;
        Fault fault = {strtol(one.c_str() + colon + 1, &end, 10), false, 0};
        if (*end == '+') {
            fault.for_ever = true;
            end++;
        }
        if (*end == ':') fault.code = atoi(end + 1);
        faults_[one.substr(0, colon)] = fault;
    }

    std::mutex mutex_;
    std::map<std::string, Fault> faults_;
};

/* Never destroyed: a thread of the device may still call at exit. */
Faults& faults() {
    static Faults* const faults = new Faults;
    return *faults;
}

}  // namespace
}  // namespace gradsieve

int gs_emulated_fault(const char* function, int usual) { return gradsieve::faults().count(function, usual); }

void gs_emulated_fail(const char* what) { gradsieve::faults().set(what); }
