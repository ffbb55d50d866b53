/* The networks of the tests: every operation, between segments and within, values in the arena and in scratch. */
#ifndef GRADSIEVE_TEST_NETWORKS_H
#define GRADSIEVE_TEST_NETWORKS_H

#include <memory>
#include <vector>

#include "network.h"

std::vector<std::unique_ptr<Network>> networks();

#endif
