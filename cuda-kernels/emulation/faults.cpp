#include "faults.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "runtime.h"

namespace gradsieve {
namespace {

struct Fault {
    long call; /* from the one before, else from now; 1 is the next */
    bool for_ever;
    int code; /* 0: the function's usual one */
};

/* Of a file: what it is and when it was written. */
using Version = std::tuple<ino_t, time_t, long>;

class Faults {
public:
    Faults() {
        const char* const what = getenv("GRADSIEVE_CUDA_FAIL");
        if (what == nullptr) return;
        if (what[0] == '@') file_ = what + 1;
        else set(what);
    }

    void set(const std::string& what) {
        std::lock_guard<std::mutex> lock(mutex_);
        parse(what);
    }

    int count(const char* function, int usual) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!file_.empty()) read();
        if (faults_.empty()) return 0;
        const auto found = faults_.find(function);
        if (found == faults_.end()) return 0;
        Fault& fault = found->second.front();
        if (fault.call > 1) {
            fault.call--;
            return 0;
        }
        const int code = fault.code != 0 ? fault.code : usual;
        if (!fault.for_ever) found->second.pop_front();
        if (found->second.empty()) faults_.erase(found);
        return code;
    }

private:
    /* What the file says, if another file has come into its place since. */
    void read() {
        struct stat now = {};
        const bool there = stat(file_.c_str(), &now) == 0;
        const Version here = there ? Version(now.st_ino, now.st_mtim.tv_sec, now.st_mtim.tv_nsec) : Version();
        if (here == seen_) return;
        seen_ = here;
        std::ifstream text(file_);
        std::string line;
        std::getline(text, line);
        parse(line);
    }

    void parse(const std::string& what) {
        faults_.clear();
        for (size_t at = 0; at < what.size();) {
            const size_t end = std::min(what.find(',', at), what.size());
            add(what.substr(at, end - at));
            at = end + 1;
        }
    }

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
        faults_[one.substr(0, colon)].push_back(fault);
    }

    std::mutex mutex_;
    std::string file_;
    Version seen_;
    std::map<std::string, std::deque<Fault>> faults_; /* of each function, one after another */
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
