/* What a compiled step's results are held against: central differences in double, and how far off two results are. */
#ifndef GRADSIEVE_TEST_DIFFERENCE_H
#define GRADSIEVE_TEST_DIFFERENCE_H

#include <vector>

#include "network.h"

/* term[i][p] = d(total loss)/d(parameter p as sample i uses it). */
std::vector<std::vector<double>> terms_of(const Network& network, int mode);

double norm_of(const std::vector<double>& values);

/* The norm of got - expected. */
double difference(const std::vector<float>& got, const std::vector<double>& expected);

/* Bit for bit. */
bool same(const std::vector<float>& a, const std::vector<float>& b);

#endif
