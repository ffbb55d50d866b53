/* Steps that are shares of larger ones, and the norm of their gradient. */
#ifndef GRADSIEVE_TEST_SHARES_H
#define GRADSIEVE_TEST_SHARES_H

#include <functional>
#include <string>

#include "network.h"

/* Takes what holds or does not, and what was got and wanted. */
typedef std::function<void(bool good, const std::string& network, const char* sentence, double got, double wanted)> Check;

void shares_meet_at_points(const Network& network, const Check& check);

#endif
