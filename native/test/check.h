/* How a check of another file tells its result to step_test. */
#ifndef GRADSIEVE_TEST_CHECK_H
#define GRADSIEVE_TEST_CHECK_H

#include <functional>
#include <string>

/* Takes what holds or does not, and what was got and wanted. */
typedef std::function<void(bool good, const std::string& network, const char* sentence, double got, double wanted)> Check;

#endif
